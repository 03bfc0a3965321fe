import { channelIn } from '../../domain/channel.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import { collectExceptions } from '../exceptions/collect-exceptions.ts';
import type { Exceptions } from '../exceptions/collect-exceptions.ts';
import { exceptionsByKind } from '../exceptions/exceptions-by-kind.ts';
import { isReportedIn } from '../exceptions/is-reported-in.ts';
import { counted, countedEntries } from './counted.ts';
import { join, markup } from './html.ts';
import type { Html } from './html.ts';
import type { Coverage, Manifest } from './manifest.ts';
import { contextText } from './readme.ts';
import { reportStyle } from './report-style.ts';
import { actorIn, commentIn, voucherIn } from '../../domain/entry.ts';
import type { SealedEntry } from './sealed-entry.ts';

/** Most changes and most entries that a report shows in full; the other files have all of them. */
const mostChanges = 300;
const mostEntries = 3000;
/** Most of a kind of exceptions that are listed, here and in a verdict. */
const mostOfKind = 20;

/** What `report.markup` is made from, kept within bounds however many entries there are. */
export interface ReportDraft {
  add(entry: SealedEntry): void;
  /** What is to be looked at first. */
  readonly exceptions: ReturnType<typeof collectExceptions>;
  /** The page: self-contained, no script, nothing loaded from elsewhere. */
  render(manifest: Omit<Manifest, 'files' | 'madeAt'>): string;
}

/** See {@link ReportDraft}. */
export function draftReport(covers: Coverage): ReportDraft {
  const exceptions = collectExceptions(mostOfKind);
  const changes = new Map<string, Html[]>();
  const rows: Html[] = [];
  let changesLeftOut = false;
  let entries = 0;
  return {
    add(entry) {
      entries += 1;
      exceptions.add(entry.index, entry.body, isReportedIn(covers, entry.body));
      const id = entry.columns.changeId;
      if (rows.length < mostEntries) {
        rows.push(row(entry));
        if (id === null) return;
        const steps = changes.get(id);
        if (steps) steps.push(step(entry));
        else if (changes.size < mostChanges) changes.set(id, [step(entry)]);
        else changesLeftOut = true;
      }
    },
    exceptions,
    render(manifest) {
      const { log, checkpoint, counts, notProven } = manifest;
      const title =
        covers.kind === 'change' ? `Change ${covers.changeId}` : `Entries ${covers.from} to ${covers.to - 1}`;
      const cut = entries > rows.length || changesLeftOut;
      return markup`<!doctype html>
        <html lang="en">
          <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <meta
              http-equiv="Content-Security-Policy"
              content="default-src 'none'; style-src 'unsafe-inline'"
            />
            <title>${title} · Countersign evidence</title>
            <style>
              ${reportStyle}
            </style>
          </head>
          <body>
            <header>
              <p class="kind">Countersign · evidence pack</p>
              <h1>${title}</h1>
              <dl class="facts">
                <div>
                  <dt>Log</dt>
                  <dd>${log}</dd>
                </div>
                <div>
                  <dt>Checkpoint</dt>
                  <dd>${checkpoint.size} entries, root <code>${checkpoint.root}</code></dd>
                </div>
                <div>
                  <dt>Here</dt>
                  <dd>${amountOf(counts)}</dd>
                </div>
              </dl>
              <p class="note">
                This page is a rendering to read. What is proved is in entries.jsonl; verify.mjs checks that
                this page says the same.
              </p>
              ${cut ? markup`<p class="note"><strong>Shortened:</strong> the first ${rows.length} entries of at most ${mostChanges} changes. All of them are in entries.csv.</p>` : ''}
            </header>
            <section>
              <h2>To look at first</h2>
              ${exceptionsHtml(exceptions.end())}
            </section>
            <section>
              <h2>What this does not prove</h2>
              <ul>
                ${join(notProven.map((line) => markup`<li>${line}</li>`))}
              </ul>
            </section>
            ${join(
              [...changes]
                .filter(([id]) => covers.kind === 'range' || id === covers.changeId)
                .map(
                  ([id, steps]) =>
                    markup`<section class="change">
                    <h2>Change <code>${id}</code></h2>
                    <ol class="steps">
                      ${join(steps)}
                    </ol>
                  </section> `,
                ),
            )}
            <section>
              <h2>Entries</h2>
              <table>
                <thead>
                  <tr>
                    <th>Index</th>
                    <th>Time (UTC)</th>
                    <th>Type</th>
                    <th>Actor</th>
                    <th>Outcome</th>
                    <th>RequestId</th>
                    <th>Leaf hash</th>
                  </tr>
                </thead>
                <tbody>
                  ${join(rows)}
                </tbody>
              </table>
            </section>
            <section>
              <h2>By type</h2>
              <table class="counts">
                <tbody>
                  ${join(
                    Object.entries(counts.types).map(
                      ([type, n]) =>
                        markup`<tr>
                          <td>${type}</td>
                          <td>${n}</td>
                        </tr> `,
                    ),
                  )}
                </tbody>
              </table>
            </section>
          </body>
        </html> `.text;
    },
  };
}

function exceptionsHtml(exceptions: Exceptions): Html {
  const kinds = exceptionsByKind(exceptions);
  if (kinds.length === 0) return markup`<p>Nothing.</p>`;
  return markup`<dl>
    ${join(
      kinds.map(
        ({ title, lines }) =>
          markup`<div>
            <dt>${title}</dt>
            <dd>${lines.join('\n')}</dd>
          </div> `,
      ),
    )}
  </dl>`;
}

function row({ index, leafHash, columns, body }: SealedEntry): Html {
  const { time, type, outcome, requestId } = columns;
  return markup`<tr>
    <td>${index}</td>
    <td>${moment(time)}</td>
    <td>${type}</td>
    <td>${who(body.actor)}</td>
    <td>${outcome ?? ''}</td>
    <td>${requestId ?? ''}</td>
    <td><code title="${leafHash}">${leafHash.slice(0, 12)}…</code></td>
  </tr> `;
}

/** What a change is asked for: shown at its first step, before everything else. */
const subject = ['operation', 'label', 'target', 'scope'];
/** Members that the page shows elsewhere, or that say the same at every step of a change. */
const repeated = new Set([
  ...subject,
  'v',
  'type',
  'time',
  'changeId',
  'actor',
  'policy',
  'temporal',
  'statement',
  'signature',
]);

function step({ index, body, columns }: SealedEntry): Html {
  const facts = Object.entries(body).filter(([name, value]) => !repeated.has(name) && value !== null);
  const first = body.type === 'change.requested';
  // Members show themselves; what stands in the statement does not.
  const comment = first || body.comment !== undefined ? '' : (commentIn(body) ?? '');
  const said: [string, Json][] = comment === '' ? [] : [['comment', comment]];
  const shown: [string, Json][] = [
    ...(first
      ? subject.flatMap((name): [string, Json][] => {
          const value = body[name] ?? null;
          return value === null ? [] : [[name, value]];
        })
      : []),
    ...facts,
    ...said,
  ];
  return markup`<li class="${tone(body.type)}">
    <h3>${body.type} <span>${moment(columns.time)} · entry ${index}</span></h3>
    <p>${who(body.actor)}${how(actorIn(body))}</p>
    <dl>
      ${join(
        shown.map(
          ([name, value]) =>
            markup`<div>
              <dt>${name}</dt>
              <dd>${valueText(value)}</dd>
            </div>`,
        ),
      )}
    </dl>
  </li> `;
}

function tone(type: string): string {
  if (
    /^(attempt\.(failed|unknown)|.*\.refused|change\.(drifted|expired|abandoned|withdrawn)|decision\.rejected|integrity\..*|ticket\.diverged)$/.test(
      type,
    )
  )
    return 'bad';
  return /^(decision\.approved|attempt\.succeeded|change\.reconciled)$/.test(type) ? 'good' : 'plain';
}

function who(actor: JsonObject): string {
  const { name, subject, issuer, process, vouchedBy } = actor;
  if (typeof subject !== 'string')
    return typeof process === 'string' ? `process ${process}` : valueText(actor);
  const voucher = voucherIn(vouchedBy);
  const person = `${typeof name === 'string' ? name : subject} (${subject} of ${valueText(issuer ?? null)})`;
  return voucher === null ? person : `${person}, vouched for by ${voucher}`;
}

function how({ authentication, roles }: JsonObject): string {
  const { methods } = (authentication ?? {}) as { methods?: Json };
  const known = Array.isArray(methods) ? methods : [];
  const channels = known.flatMap((method) => (typeof method === 'string' ? (channelIn(method) ?? []) : []));
  const logins = known.filter((method) => typeof method !== 'string' || channelIn(method) === null);
  const parts = [
    ...(Array.isArray(roles) && roles.length > 0 ? [`as ${roles.join(', ')}`] : []),
    ...(logins.length > 0 ? [`authenticated by ${logins.join(', ')}`] : []),
    ...(channels.length > 0 ? [`by the channel ${channels.join(', ')}, without a login`] : []),
  ];
  return parts.length === 0 ? '' : `, ${parts.join(', ')}`;
}

function moment(time: string): string {
  return time.replace('T', ' ').replace('Z', '');
}

function amountOf(counts: Manifest['counts']): string {
  const { entries, changes } = counts;
  return `${countedEntries(entries)} of ${counted(changes, 'change')}${contextText(counts)}`;
}

/** Members of an object a line each, so that it reads; what is within them as JSON. */
function valueText(value: Json): string {
  if (typeof value === 'string') return value;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return JSON.stringify(value);
  const members = Object.entries(value).filter(([, member]) => member !== null);
  if (members.length === 0) return '–';
  return members
    .map(([name, member]) => `${name}: ${typeof member === 'string' ? member : JSON.stringify(member)}`)
    .join('\n');
}
