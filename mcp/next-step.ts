import type { ChangeView } from '../api/change-view.ts';
import type { ErrorCode } from '../domain/error.ts';
import { httpStatusOfCode } from '../domain/error.ts';

type Standing = Pick<
  ChangeView,
  'decisionStatus' | 'executionStatus' | 'reviewStatus' | 'digest' | 'closedAt' | 'waitsFor'
>;

const ends = {
  succeeded: 'It has been done. Go on.',
  partially_succeeded: 'Only a part of it took effect. Have a person look at the target.',
  failed: 'It was approved, and the call failed for good. Tell a person; asking again needs another key.',
  outcome_unknown:
    'Nobody knows whether it took effect. Do not ask again: have a person look at the target first.',
  cancelled: 'It was approved and then stopped before its call. Tell a person.',
} as const;

const refusals = {
  rejected: 'A person said no. Tell whoever wants it; do not ask again unless a person tells you to.',
  expired: 'Nobody decided in time, and nothing was called. Tell whoever wants it.',
  withdrawn: 'It was withdrawn, and nothing was called. Tell whoever wants it.',
  refused: 'It was refused before people were asked, for the reason in outcome. Nothing was called.',
} as const;

/** What an agent does next with a change. No text of others is in it. */
export function nextStep({ decisionStatus, executionStatus, digest, closedAt, waitsFor }: Standing): string {
  if (executionStatus in ends) return ends[executionStatus as keyof typeof ends];
  if (decisionStatus in refusals) return refusals[decisionStatus as keyof typeof refusals];
  if (closedAt !== null) return 'It has ended.';
  if (decisionStatus === 'pending') {
    return digest === null
      ? 'Its target is being read before people are asked. Wait with follow_change.'
      : 'People decide on it, which may take days; no tool here can. Tell whoever wants it that it waits, and follow it with follow_change.';
  }
  if (executionStatus === 'paused') return 'A person has paused it. Wait with follow_change.';
  if (waitsFor !== null)
    return `It is approved and waits for its ${waitsFor.kind}. Follow it with follow_change.`;
  return 'It is approved and runs by itself. Wait with follow_change.';
}

const refused: Partial<Record<ErrorCode, string>> = {
  invalid_request: 'Correct the members that errors names, and call again.',
  region_not_served: 'This installation does not serve that region: tell whoever wants it.',
  unauthenticated: 'The token is missing or over: a person has to give another one.',
  open_change_exists: 'Another change is open on this target: follow that one, its id is changeId.',
  ticket_taken: 'Another change is open under this ticket: follow that one, its id is changeId.',
  key_reused:
    'This key stands for another request: repeat that one unchanged, or use another key for another request.',
  not_found: 'There is no such thing, or this token may not see it.',
  rate_limited: 'Too many calls: wait a minute, then call again.',
  outcome_not_known: 'It may have been done. Call again unchanged, with the same key.',
};

/** What an agent does next after a refusal. */
export function nextAfter(code: ErrorCode): string {
  const known = refused[code];
  if (known !== undefined) return known;
  const status = httpStatusOfCode[code];
  if (status === 403) return 'This token may not. Do not look for a way around: tell a person.';
  if (status >= 500) return 'It cannot be answered now. Call again later, unchanged and with the same key.';
  return 'Tell whoever wants it what was refused, and why.';
}
