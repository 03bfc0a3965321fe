import { expect, test } from 'vitest';
import type { Change } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person, PersonId, Role } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { mayRead } from '../../domain/reading.ts';
import { change as changeOf, person } from '../store/change-fixture.ts';

const now = Date.parse('2026-11-25T09:00:00.000Z');
const as = (subject: string, roles: Role[], groups: string[] = []): Person => ({
  ...person(subject, groups),
  roles,
});
const id = (subject: string): PersonId => ({ issuer: 'https://id.example', subject });
const nobody = () => [];

/** One stage: a member of operations, whom tokens name. */
const ofOperations: PinnedPolicy = {
  ...fourEyes,
  stages: [{ name: 'one', groups: [{ group: 'operations', threshold: 1 }] }],
  groups: {
    operations: { source: 'token' },
    security: { source: 'token' },
    night: { source: 'directory' },
    listed: { source: 'members', members: [id('lea')] },
  },
};
const stage = (group: string | null) => [{ name: 'one', groups: [{ group, threshold: 1 }] }];
const delegation = { from: id('lea'), to: id('gus'), since: '2026-11-25T00:00:00.000Z' };

test.each<[string, Person, Partial<PinnedPolicy>, Partial<Change>, boolean]>([
  ['its requester', as('alice', []), {}, {}, true],
  ['the same name of another issuer', { ...as('alice', []), issuer: 'https://other.example' }, {}, {}, false],
  ['another requester', as('erin', ['requester']), {}, {}, false],
  ['an auditor', as('dave', ['auditor']), {}, {}, true],
  ['an operator', as('olga', ['operator']), {}, {}, true],
  ['an admin', as('adam', ['admin']), {}, {}, false],
  ['a member without the role', as('bob', ['requester'], ['operations']), {}, {}, false],
  ['an approver of the group', as('bob', ['approver'], ['operations']), {}, {}, true],
  ['an approver of another group', as('frank', ['approver'], ['security']), {}, {}, false],
  ['any approver, where any may decide', as('frank', ['approver']), { stages: stage(null) }, {}, true],
  [
    'an approver of a later stage',
    as('frank', ['approver'], ['security']),
    { stages: [...ofOperations.stages, { name: 'two', groups: [{ group: 'security', threshold: 1 }] }] },
    {},
    true,
  ],
  [
    'an approver of the group that is asked later',
    as('frank', ['approver'], ['security']),
    { escalation: { afterMs: 1, group: 'security' } },
    {},
    true,
  ],
  ['an approver whom the policy lists', as('lea', ['approver']), { stages: stage('listed') }, {}, true],
  [
    'a token that names a listed group',
    as('bob', ['approver'], ['listed']),
    { stages: stage('listed') },
    {},
    false,
  ],
  ['an approver whom the directory lists', as('nina', ['approver']), { stages: stage('night') }, {}, true],
  ['one whom it does not', as('bob', ['approver'], ['night']), { stages: stage('night') }, {}, false],
  [
    'an approver in the place of one',
    as('gus', ['approver']),
    { stages: stage('listed'), delegations: [{ ...delegation, until: '2026-11-26T00:00:00.000Z' }] },
    {},
    true,
  ],
  [
    'one whose time has passed',
    as('gus', ['approver']),
    { stages: stage('listed'), delegations: [{ ...delegation, until: '2026-11-25T09:00:00.000Z' }] },
    {},
    false,
  ],
  [
    'whoever may override a freeze',
    as('frank', ['approver'], ['security']),
    { freezeOverride: { group: 'security' } },
    {},
    true,
  ],
  [
    'an approver whom a break-glass change skipped',
    as('bob', ['approver'], ['operations']),
    broken(),
    { breakGlass: true },
    true,
  ],
  [
    'another approver beside a break-glass change',
    as('frank', ['approver'], ['security']),
    broken(),
    { breakGlass: true },
    false,
  ],
  [
    'who has decided and left the group',
    as('carol', ['approver']),
    {},
    {
      decisions: [
        {
          decision: 'approve',
          comment: '',
          person: as('carol', ['approver'], ['operations']),
          digest: 'd',
          round: 1,
          stage: 'one',
          at: '2026-11-24T10:00:00.000Z',
          counts: true,
        },
      ],
    },
    true,
  ],
])('%s: %#', (_name, reader, policy, more, allowed) => {
  const change = changeOf({ policy: { ...ofOperations, ...policy }, ...more });
  const groupsIn = ({ subject }: PersonId) => (subject === 'nina' ? ['night', 'operations'] : nobody());
  expect(mayRead(change, reader, groupsIn, now)).toBe(allowed);
});

function broken(): Partial<PinnedPolicy> {
  return { breakGlass: { groups: [], approvals: 0 } };
}
