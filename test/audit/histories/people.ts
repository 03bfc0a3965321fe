import type { Person, PersonId, Role } from '../../../domain/person.ts';
import type { Random } from './random.ts';

const issuer = 'https://id.example';

/** The groups that policies of random histories name. */
export const groupNames = ['operations', 'security', 'board'] as const;

/** Whom random histories are about. */
export interface People {
  readonly requesters: readonly Person[];
  /** Those who decide, requesters among them, who may not. */
  readonly deciders: readonly Person[];
  readonly operator: Person;
  readonly admin: Person;
  readonly auditor: Person;
  /** The groups of the directory that list somebody. */
  readonly groupsIn: (id: PersonId) => readonly string[];
  /** Takes somebody out of the directory. */
  readonly leave: (id: PersonId) => void;
}

/** People with random groups. @param at - ISO 8601: when they logged in */
export function randomPeople(random: Random, at: string): People {
  const listed = new Map<string, readonly string[]>();
  function person(subject: string, roles: Role[]): Person {
    listed.set(subject, random.some(groupNames, 0.6));
    const methods = random.pick([['pwd'], ['pwd', 'mfa'], ['hwk']]);
    const authentication = { methods, at: random.chance(0.8) ? at : null };
    return { issuer, subject, name: subject, roles, groups: random.some(groupNames, 0.6), authentication };
  }
  const alice = person('alice', ['requester', 'approver']);
  const deciders = ['bob', 'carol', 'frank', 'gina', 'hal'].map((name) => person(name, ['approver']));
  const isListed = (id: PersonId) => id.issuer === issuer && listed.has(id.subject);
  return {
    requesters: [alice, person('erin', ['requester'])],
    deciders: [alice, ...deciders],
    operator: person('olga', ['operator']),
    admin: person('adam', ['admin']),
    auditor: person('dave', ['auditor']),
    groupsIn: (id) => (isListed(id) ? (listed.get(id.subject) ?? []) : []),
    leave: ({ subject }) => void listed.set(subject, []),
  };
}
