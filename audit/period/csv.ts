import { csvRow } from '../pack/csv.ts';
import type { PeriodReport, ReportedChange } from './period-report.ts';

const columns: readonly (readonly [string, (change: ReportedChange) => unknown])[] = [
  ['changeId', ({ id }) => id],
  ['submittedAt', ({ submittedAt }) => submittedAt],
  ['operation', ({ operation }) => operation],
  ['target', ({ target }) => target],
  ['requester', ({ requester }) => requester.subject],
  ['requesterName', ({ requester }) => requester.name],
  ['requesterIssuer', ({ requester }) => requester.issuer],
  ['request', ({ request }) => request],
  ['host', ({ host }) => host],
  ['approvers', ({ decisions }) => peopleOf(decisions, 'approve')],
  ['rejecters', ({ decisions }) => peopleOf(decisions, 'reject')],
  ['channels', ({ decisions }) => [...new Set(decisions.flatMap(({ channel }) => channel ?? []))].join(' ')],
  ['decisionStatus', ({ decisionStatus }) => decisionStatus],
  ['executionStatus', ({ executionStatus }) => executionStatus],
  ['outcome', ({ outcome }) => outcome],
  ['reconciled', ({ reconciled }) => String(reconciled)],
  ['attempts', ({ attempts }) => attempts],
  ['requestIds', ({ requestIds }) => requestIds.join(' ')],
  ['closedAt', ({ closedAt }) => closedAt],
  ['ticket', ({ ticket }) => ticket],
  ['breakGlass', ({ breakGlass }) => String(breakGlass)],
  ['reviewStatus', ({ reviewStatus }) => reviewStatus],
  ['reviewer', ({ review }) => review?.person.subject],
  ['policy', ({ policy }) => policy],
];

/** The changes of a period as CSV (RFC 4180, UTF-8, CRLF), safe to open in a spreadsheet; times in UTC. */
export function* periodCsv({ changes }: PeriodReport): Generator<string> {
  yield csvRow(columns.map(([name]) => name));
  for (const change of changes) yield csvRow(columns.map(([, cell]) => cell(change)));
}

function peopleOf(decisions: ReportedChange['decisions'], wanted: 'approve' | 'reject'): string {
  return decisions.flatMap(({ decision, person }) => (decision === wanted ? [person.subject] : [])).join(' ');
}
