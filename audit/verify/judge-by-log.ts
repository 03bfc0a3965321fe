import type { EntryBody } from '../../domain/entry.ts';
import { isComplete } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { judgeGlassBreaker, judgeReviewer } from './judge-break-glass.ts';
import { judgeCall, judgeUnanswered, takeBegun } from './judge-calls.ts';
import { judgeOpened, judgeTicketHolder, releaseOpened } from './judge-open-changes.ts';
import { judgeOverridden } from './judge-overrides.ts';
import { judgeIdempotencyKey, judgeRequestId } from './judge-repeats.ts';
import { judgeDebt, judgeToken, settleDebt } from './judge-requests.ts';
import type { LogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';
import { statementOf } from './statement-of.ts';
import { takeFact } from './take-fact.ts';

/**
 * Judges an entry by what the log tells beside its change: freezes, windows, revocations, API tokens, what other
 * changes hold, and reviews that somebody owes. To be asked of every entry, in the log's order.
 *
 * @param record - the change with this entry; null where it is of none, or of one of which nothing is known
 * @param whole - whether every entry before this one was looked at
 * @throws TypeError for an entry without the members of its type
 */
export function judgeByLog(
  facts: LogFacts,
  record: ChangeRecord | null,
  body: EntryBody,
  whole: boolean,
  report: Report,
): void {
  facts.place += 1;
  takeFact(facts, body, whole, report);
  if (record === null) return;
  switch (body.type) {
    case 'change.requested':
      judgeToken(facts, record, body, whole, report);
      judgeDebt(facts, record, report);
      judgeGlassBreaker(facts, record, report);
      judgeOpened(facts, record, report);
      judgeIdempotencyKey(facts, record, body, report);
      break;
    case 'freeze.overridden':
      judgeOverridden(facts, record, body, report);
      break;
    case 'attempt.started':
      takeBegun(facts, record, body);
      break;
    case 'attempt.succeeded':
    case 'attempt.failed':
    case 'attempt.unknown':
      judgeCall(facts, record, body, report);
      judgeRequestId(facts, record, body, report);
      break;
    case 'ticket.checked':
      judgeTicketHolder(facts, record, body, report);
      break;
    case 'change.closed':
      judgeUnanswered(facts, record, body, report);
      settleDebt(facts, record);
      releaseOpened(facts, record);
      break;
    case 'review.signed': {
      const statement = statementOf(body);
      if (statement) judgeReviewer(facts, record, statement, report);
      settleDebt(facts, record);
      break;
    }
    default:
      break;
  }
  if (isComplete(record)) facts.overrides.delete(record.change.id);
}
