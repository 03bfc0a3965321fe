import { blockAt } from '../../calendar/block-at.ts';
import type { Block } from '../../domain/block.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { calendarRolloverMs } from '../../domain/freeze.ts';
import type { Freeze } from '../../domain/freeze.ts';
import { outsideOfClocks } from '../../domain/scheduling.ts';
import { tolerance } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { objectOf, stringOf } from './fields.ts';
import { isSentEnd } from './judge-attempts.ts';
import { attemptKey } from './log-facts.ts';
import type { Begun, LogFacts, Placed } from './log-facts.ts';
import type { Illogical, Report } from './problem.ts';

/** By what a call is reported that the gate would have blocked. */
const codeOfBlock = {
  freeze: 'called_in_freeze',
  window: 'called_outside_window',
  revocation: 'called_under_revoked_policy',
  ticket: 'ticket_not_checked',
} as const satisfies Record<Block['kind'], Illogical>;

/** Remembers where in the log an attempt began: what was written before it was known when its call left. */
export function takeBegun(facts: LogFacts, record: ChangeRecord, body: EntryBody): void {
  const { whole, change } = record;
  if (!whole) return;
  const { place } = facts;
  facts.begun.set(attemptKey(body), { place, time: body.time, digest: change.digest });
}

/**
 * Whether a call was allowed to leave when it left. Its attempt was sealed before; the gate was asked after that, at the time
 * with which the attempt is marked as sent, under a lock that freezes and revocations take, too. So what stands before the
 * attempt in the log was in force, whatever clock it is dated by; what stands after it may have come after the call. A freeze
 * that was lifted or overridden until the answer may have been so before the call.
 */
export function judgeCall(facts: LogFacts, { change }: ChangeRecord, body: EntryBody, report: Report): void {
  const key = attemptKey(body);
  const begun = facts.begun.get(key);
  if (begun === undefined) return;
  facts.begun.delete(key);
  const attempt = objectOf(body.attempt);
  if (!isSentEnd(body.type, attempt)) return;
  judgeSent(
    facts,
    change,
    begun,
    { sentAt: stringOf(attempt.sentAt) ?? begun.time, until: body.time },
    report,
  );
}

/**
 * A change that has ended as succeeded, and no answer told so: what it came to is the doing of an attempt that has not ended.
 * Each of these was allowed when it began.
 */
export function judgeUnanswered(
  facts: LogFacts,
  { change }: ChangeRecord,
  body: EntryBody,
  report: Report,
): void {
  if (change.executionStatus !== 'succeeded') return;
  for (const ordinal of change.calls.open) {
    const begun = facts.begun.get(attemptKey({ ...body, attempt: { ordinal } }));
    if (begun !== undefined)
      judgeSent(facts, change, begun, { sentAt: begun.time, until: body.time }, report);
  }
}

function judgeSent(
  facts: LogFacts,
  change: ChangeRecord['change'],
  begun: Begun,
  { sentAt, until }: { readonly sentAt: string; readonly until: string },
  report: Report,
): void {
  const time = Date.parse(sentAt);
  if (!(time >= Date.parse(begun.time) - tolerance && time <= Date.parse(until) + tolerance)) {
    report('attempt_out_of_time', `sent at ${sentAt}, begun at ${begun.time} and ended at ${until}`);
    return;
  }
  if (outsideOfClocks(change, time, tolerance) !== null) {
    report('attempt_out_of_time', `sent at ${sentAt}, outside of execute-after and execute-by`);
    return;
  }
  const block = blockAt({ ...change, digest: begun.digest }, gateFacts(facts, change, begun, time), time);
  if (block === null) return;
  const what = block.freezeId === null ? block.reason : `freeze ${block.freezeId}: ${block.reason}`;
  report(codeOfBlock[block.kind], `a call was made at ${sentAt}; ${what}`);
}

function gateFacts(facts: LogFacts, { id, policy }: ChangeRecord['change'], { place }: Begun, time: number) {
  const revocation = facts.revoked.get(policy.digest);
  return {
    revocation: revocation !== undefined && revocation.place < place ? revocation : null,
    freezes: [
      ...calendarAt(facts, place, time),
      ...[...facts.freezes.values()].filter((one) => one.place < place && time < one.until),
    ],
    overrides: [...(facts.overrides.get(id)?.values() ?? [])],
  };
}

/**
 * The freezes of the calendar file for a call. Processes are started one after another: shortly after a new file, one may
 * still go by the old one, so only what all of them say holds.
 */
function calendarAt({ calendars }: LogFacts, place: number, time: number): readonly Freeze[] {
  const [newest, ...others] = calendars.filter((one: Placed) => one.place < place).reverse();
  if (newest === undefined) return [];
  const running = others.filter(({ supersededAt }) => time < (supersededAt ?? time) + calendarRolloverMs);
  return newest.freezes.filter(({ id }) => running.every(({ freezes }) => freezes.some((f) => f.id === id)));
}
