import { expect, test } from 'vitest';
import { httpStatusOfCode } from '../../domain/error.ts';
import type { ErrorCode } from '../../domain/error.ts';
import { decisionStatuses, executionStatuses } from '../../domain/status.ts';
import { nextAfter, nextStep } from '../../mcp/next-step.ts';

const standing = {
  decisionStatus: 'pending',
  executionStatus: 'not_started',
  reviewStatus: 'none',
  digest: 'd',
  closedAt: null,
  waitsFor: null,
} as const;
const ended = '2026-11-30T08:00:00.000Z';
const frozen = { kind: 'freeze', reason: 'SELL EVERYTHING', until: null, freezeId: 'f' } as const;

test.each([
  [{ digest: null }, /being read/],
  [{}, /People decide on it/],
  [{ decisionStatus: 'rejected', closedAt: ended }, /said no.*do not ask again/],
  [{ decisionStatus: 'expired', closedAt: ended }, /Nobody decided in time/],
  [{ decisionStatus: 'withdrawn', closedAt: ended }, /withdrawn/],
  [{ decisionStatus: 'refused', closedAt: ended }, /refused before people were asked/],
  [{ decisionStatus: 'approved', executionStatus: 'scheduled' }, /runs by itself/],
  [{ decisionStatus: 'approved', executionStatus: 'scheduled', waitsFor: frozen }, /waits for its freeze/],
  [{ decisionStatus: 'approved', executionStatus: 'running' }, /runs by itself/],
  [{ decisionStatus: 'approved', executionStatus: 'paused' }, /paused it/],
  [{ decisionStatus: 'approved', executionStatus: 'succeeded', closedAt: ended }, /has been done/],
  [{ decisionStatus: 'approved', executionStatus: 'partially_succeeded', closedAt: ended }, /Only a part/],
  [{ decisionStatus: 'approved', executionStatus: 'failed', closedAt: ended }, /failed for good/],
  [{ decisionStatus: 'approved', executionStatus: 'outcome_unknown', closedAt: ended }, /Do not ask again/],
  [{ decisionStatus: 'approved', executionStatus: 'cancelled', closedAt: ended }, /stopped before its call/],
] as const)('%o', (change, words) => {
  expect(nextStep({ ...standing, ...change })).toMatch(words);
});

test('what others wrote is in no next step', () => {
  for (const decisionStatus of decisionStatuses) {
    for (const executionStatus of executionStatuses) {
      const step = nextStep({ ...standing, decisionStatus, executionStatus, waitsFor: frozen });
      expect(step).not.toContain(frozen.reason);
      expect(step).not.toBe('');
    }
  }
});

test.each([
  ['invalid_request', /errors names/],
  ['open_change_exists', /changeId/],
  ['key_reused', /another key/],
  ['missing_role', /Do not look for a way around/],
  ['log_unavailable', /later, unchanged and with the same key/],
  ['ticket_not_allowed', /what was refused, and why/],
] as const)('after %s', (code, words) => {
  expect(nextAfter(code)).toMatch(words);
});

test('every refusal for want of rights sends to a person', () => {
  const codes = (Object.keys(httpStatusOfCode) as ErrorCode[]).filter(
    (code) => httpStatusOfCode[code] === 403,
  );
  expect(codes.length).toBeGreaterThan(5);
  for (const code of codes) expect(nextAfter(code)).toMatch(/tell a person/);
});
