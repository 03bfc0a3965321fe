import { Html, join, markup } from '../pack/html.ts';
import { reportStyle } from '../pack/report-style.ts';
import { figureLines } from './figures.ts';
import type { Exception } from '../exceptions/exception.ts';
import type { PeriodReport, ReportedChange } from './period-report.ts';

/** A moment as the reader's clock shows it. @param time - ISO 8601 */
export type ShowTime = (time: string) => string;

/** Most changes that the page shows; the CSV and JSON files have all of them. */
const mostChanges = 5000;

const style = new Html(`
body { max-width: 90rem; }
.wide { font-size: .8rem; }
.wide td:nth-child(-n + 3) { white-space: normal; }
@page { size: A4 landscape; }
@media print { .wide { font-size: 7pt; } }
`);

/** A report of a period to read and to print: self-contained, no script, nothing loaded from elsewhere. */
export function periodHtml(report: PeriodReport, show: ShowTime): string {
  const { from, to, timeZone, log, changes, exceptions, notProven } = report;
  const title = `Changes from ${show(from)} to ${show(to)}`;
  const shown = changes.slice(0, mostChanges);
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title} · Countersign</title>
        <style>
          ${reportStyle}${style}
        </style>
      </head>
      <body>
        <header>
          <p class="kind">Countersign · report of a period</p>
          <h1>${title}</h1>
          <dl class="facts">
            ${fact('Time zone', timeZone)} ${fact('Log', log.name ?? 'as the API tells it')}
            ${fact('Source', log.source === 'pack' ? 'an evidence pack that was verified' : 'the API, not verified')}
            ${join(figureLines(report.figures).map(([name, value]) => fact(name, value)))}
          </dl>
          <p class="note">Statuses are those at the end of the period, which the end itself is not part of.</p>
        </header>
        <section>
          <h2>To look at first</h2>
          ${
            exceptions.length === 0
              ? markup`<p>Nothing.</p>`
              : table(
                  ['What', 'When', 'Change or entry', 'Why'],
                  exceptions.map((one) => exceptionRow(one, show)),
                )
          }
        </section>
        <section>
          <h2>Changes</h2>
          ${changes.length > shown.length ? markup`<p class="note"><strong>Shortened:</strong> the first ${shown.length} of ${changes.length} changes.</p>` : ''}
          ${table(
            [
              'Asked for',
              'Change',
              'Operation and target',
              'Asked by',
              'Decided by',
              'Outcome',
              'RequestIds',
              'Ticket',
            ],
            shown.map((change) => changeRow(change, show)),
          )}
        </section>
        <section>
          <h2>What this does not prove</h2>
          <ul>
            ${join(notProven.map((line) => markup`<li>${line}</li>`))}
          </ul>
        </section>
      </body>
    </html> `.text;
}

function fact(name: string, value: string): Html {
  return markup`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function table(heads: readonly string[], rows: readonly Html[]): Html {
  return markup`<table class="wide">
    <thead>
      <tr>
        ${join(heads.map((head) => markup`<th>${head}</th>`))}
      </tr>
    </thead>
    <tbody>
      ${join(rows)}
    </tbody>
  </table>`;
}

function exceptionRow({ kind, time, changeId, index, message }: Exception, show: ShowTime): Html {
  const where = changeId ?? (index === null ? '' : `entry ${index}`);
  return markup`<tr>
    <td>${kind.replaceAll('_', ' ')}</td>
    <td>${time === null ? '' : show(time)}</td>
    <td><code>${where}</code></td>
    <td>${message}</td>
  </tr> `;
}

function changeRow(change: ReportedChange, show: ShowTime): Html {
  const { decisions, request, host, requester, review } = change;
  const asked = { signed: '', unsigned: ' (unsigned)', vouched: ` (vouched for by ${host ?? ''})` }[request];
  const decided = decisions.map(
    ({ person, decision, at, channel }) =>
      markup`${decision === 'approve' ? '' : 'rejected: '}${person.name} (${person.subject})${channel === null ? '' : ` by ${channel}`}, ${show(at)}<br />`,
  );
  const reviewed =
    review === null
      ? ''
      : `, reviewed by ${review.person.name} (${review.person.subject}) ${show(review.at)}`;
  return markup`<tr>
    <td>${show(change.submittedAt)}</td>
    <td><code>${change.id}</code>${change.breakGlass ? ' break-glass' : ''}</td>
    <td>${change.operation}<br />${change.label}</td>
    <td>${requester.name} (${requester.subject})${asked}</td>
    <td>${join(decided)}</td>
    <td>${change.decisionStatus}, ${change.executionStatus}${change.outcome === null ? '' : ` (${change.outcome})`}${change.reconciled ? ', reconciled' : ''}${reviewed}</td>
    <td>${join(change.requestIds.map((id) => markup`<code>${id}</code><br />`))}</td>
    <td>${change.ticket ?? ''}</td>
  </tr> `;
}
