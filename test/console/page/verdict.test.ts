import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { verdictOn } from '../../../console/page/verdict.ts';
import type { ChangeView } from '../../../console/page/answers.ts';
import { digestTextOf } from '../../../domain/digest.ts';
import type { Change } from '../../../domain/change.ts';
import { change as changeFixture } from '../../store/change-fixture.ts';
import { policyDigest } from '../../../domain/policy-digest.ts';
import { fourEyes } from '../../../domain/four-eyes.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const before = changeFixture({ policy: fourEyes, snapshot: { status: 'inactive' }, round: 1 });
const change: Change = { ...before, digest: sha256(digestTextOf(before, before.snapshot, before.round)) };
const view = (more: object = {}) => ({ ...change, ...more }) as unknown as ChangeView;

test('the page makes the same digest of what it is shown', async () => {
  expect(await verdictOn(view())).toBe('intact');
  expect(await verdictOn(view({ digest: null }))).toBe('intact');
});

test.each<[string, object]>([
  ['the snapshot', { snapshot: { status: 'active' } }],
  ['the input', { input: { ...change.input, sn: 'another' } }],
  ['the target', { target: { ...change.target, label: 'another' } }],
  ['the justification', { justification: 'another' }],
  ['the requester', { requester: { ...change.requester, subject: 'another' } }],
  ['the ticket', { ticket: { system: 'jira', id: 'X-1', url: null } }],
  ['the operation', { operation: 'Another' }],
  ['break-glass', { breakGlass: !change.breakGlass }],
  ['decide-by', { decideBy: '2040-01-01T00:00:00.000Z' }],
  ['the round', { round: 2 }],
  ['the digest', { digest: 'f'.repeat(64) }],
])('a lie about %s is found', async (_what, lie) => {
  expect(await verdictOn(view(lie))).toMatchObject({ of: 'digest' });
});

test('a policy that is not the one of its digest is found, and one with a digest of its own, too', async () => {
  const other = { ...fourEyes, commentRequired: 'always' as const };
  expect(await verdictOn(view({ policy: other }))).toMatchObject({ of: 'policy' });
  const whole = { ...other, digest: policyDigest(other, sha256) };
  expect(await verdictOn(view({ policy: whole }))).toMatchObject({ of: 'digest' });
});

test('what has no canonical JSON has no digest', async () => {
  expect(await verdictOn(view({ justification: '\ud800' }))).toMatchObject({ of: 'digest', made: null });
});
