import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { periodCsv } from '../audit/period/csv.ts';
import { draftPeriod } from '../audit/period/draft-period.ts';
import { figureLines } from '../audit/period/figures.ts';
import { periodHtml } from '../audit/period/html.ts';
import type { PeriodReport } from '../audit/period/period-report.ts';
import { shownJson } from '../domain/shown-text.ts';
import { isoTime } from '../domain/time.ts';
import { clientOf } from './caller.ts';
import type { Environment } from './environment.ts';
import { asJudging } from './judging-command.ts';
import { asLogReader, assertLogOptions, listEntries, readPack } from './log-source.ts';
import type { LogOptions } from './log-source.ts';
import { asPeriod, clockOf, readPeriod } from './period-options.ts';
import type { PeriodOptions } from './period-options.ts';
import type { Output } from './print.ts';
import { putFile } from './put-file.ts';
import { several } from './verify-options.ts';

interface ReportOptions extends LogOptions, PeriodOptions {
  readonly output: string[];
}

/** A period whose ends are known; milliseconds since the epoch. */
interface Period {
  readonly from: number;
  readonly to: number;
}

/** What a source adds to the draft. */
type ReadSource = Pick<PeriodReport, 'notProven'> & Pick<PeriodReport['log'], 'source' | 'name'>;

/** How a report is written, by the end of a file's name. */
const writers: Readonly<Record<string, (report: PeriodReport) => string>> = {
  html: (report) => periodHtml(report, showIn(report.timeZone)),
  csv: (report) => [...periodCsv(report)].join(''),
  json: (report) => `${shownJson(report)}\n`,
};

/** `countersign audit report`: what was done in a period, who agreed, and what is to be looked at first. */
export function auditReportCommand(
  audit: Command,
  env: () => Environment,
  output: () => Output,
  auditor: string,
): void {
  const command = asJudging(audit.command('report'))
    .description('report a period: its changes, figures, and what to look at first')
    .option(
      '-o, --output <file>',
      'where to write it: .html, .csv or .json; may be given several times',
      several,
      [],
    );
  asLogReader(asPeriod(command), auditor).action(async (o: ReportOptions) => {
    const { from, to } = readPeriod(o);
    if (from === null || to === null) throw new InvalidArgumentError('give the period with --from and --to');
    assertLogOptions(o);
    o.output.forEach(assertWritable);
    const report = await reportOf({ from, to }, o, env(), output(), auditor);
    if (report === null) return;
    for (const file of o.output)
      await putFile(file, (draft) => writeFile(draft, writers[endOf(file)]?.(report) ?? ''));
    output().result(report, linesOf(report, o.output));
  });
}

async function reportOf(
  period: Period,
  o: ReportOptions,
  env: Environment,
  output: Output,
  auditor: string,
): Promise<PeriodReport | null> {
  clockOf(o.timeZone);
  const draft = draftPeriod(period);
  const read = await (o.pack === undefined
    ? readApi(period, draft, o, env, auditor)
    : readFromPack(o.pack, period, draft, o, output));
  if (read === null) return null;
  const { entries, ...drafted } = draft.end();
  const { source, name, notProven } = read;
  return {
    ...{ from: isoTime(period.from), to: isoTime(period.to), timeZone: o.timeZone },
    ...{ log: { source, name, entries }, ...drafted, notProven },
  };
}

type Draft = ReturnType<typeof draftPeriod>;

async function readFromPack(
  pack: string,
  { from, to }: Period,
  draft: Draft,
  o: LogOptions,
  output: Output,
): Promise<ReadSource | null> {
  let [first, last] = ['', ''];
  const verdict = await readPack(pack, o, output, ({ index, body }) => {
    first ||= body.time;
    last = body.time;
    draft.add(index, body);
  });
  if (verdict === null) return null;
  const isCut =
    verdict.covers.kind === 'change' || (verdict.covers.from > 0 && Date.parse(first) > from)
      ? [`Entries of the period before ${first}: the pack has none.`]
      : [];
  const ends = Date.parse(last) < to ? [`What was recorded after ${last}: the pack has no later entry.`] : [];
  return {
    source: 'pack',
    name: verdict.checkpoint?.origin ?? null,
    notProven: [...isCut, ...ends, ...verdict.notProven],
  };
}

/** Twice: which changes the period has, and then their entries from the beginning on. */
async function readApi(
  period: Period,
  draft: Draft,
  o: LogOptions,
  env: Environment,
  auditor: string,
): Promise<ReadSource> {
  const client = await clientOf(env, o, auditor);
  const [timeFrom, timeTo] = [isoTime(period.from), isoTime(period.to)];
  const begunBefore = new Set<string>();
  const begunIn = new Set<string>();
  for await (const { changeId, type } of listEntries(client, { timeFrom, timeTo })) {
    if (changeId === null) continue;
    if (type === 'change.requested') begunIn.add(changeId);
    else if (!begunIn.has(changeId)) begunBefore.add(changeId);
  }
  for await (const entry of listEntries(client, { type: 'policy.pinned', timeTo: timeFrom }))
    draft.add(entry.index, entry);
  for (const changeId of begunBefore) {
    for await (const entry of listEntries(client, { changeId, timeTo: timeFrom }))
      draft.add(entry.index, entry);
  }
  for await (const entry of listEntries(client, { timeFrom, timeTo })) draft.add(entry.index, entry);
  const believed = 'The log: the API was believed. Give an evidence pack with --pack to have it verified.';
  return { source: 'api', name: null, notProven: [believed] };
}

/** Times as the clock of a zone shows them, with how far it is from UTC. */
function showIn(timeZone: string): (time: string) => string {
  const clock = clockOf(timeZone);
  return (time) => {
    const moment = Date.parse(time);
    const local = clock.at(moment);
    const minutes = Math.round((local - moment) / 60_000);
    const [hour, minute] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
      String(part).padStart(2, '0'),
    );
    const offset = minutes === 0 ? 'UTC' : `${minutes < 0 ? '-' : '+'}${hour}:${minute}`;
    return `${isoTime(local).slice(0, 19).replace('T', ' ')} ${offset}`;
  };
}

function linesOf(report: PeriodReport, files: readonly string[]): string[] {
  const show = showIn(report.timeZone);
  const name = (text: string) => text.toLowerCase().padEnd(12);
  return [
    `${name('period')} ${show(report.from)} to ${show(report.to)}, ${report.timeZone}`,
    `${name('log')} ${report.log.name ?? 'as the API tells it'}, ${report.log.entries} entries of the period${report.log.source === 'pack' ? ', verified' : ', not verified'}`,
    ...figureLines(report.figures).map(([figure, value]) => `${name(figure)} ${value}`),
    report.exceptions.length === 0 ? 'nothing to look at first' : 'look at first',
    ...report.exceptions.map(
      ({ kind, time, changeId, index, message }) =>
        `  ${[kind, time === null ? null : show(time), changeId && `change ${changeId}`, index === null ? null : `entry ${index}`].filter((part) => part !== null).join(', ')}: ${message}`,
    ),
    'not proven',
    ...report.notProven.map((line) => `  ${line}`),
    ...files.map((file) => `${name('wrote')} ${file}`),
  ];
}

function endOf(file: string): string {
  return /\.([a-z]+)$/i.exec(file)?.[1]?.toLowerCase() ?? '';
}

function assertWritable(file: string): void {
  if (Object.hasOwn(writers, endOf(file))) return;
  throw new InvalidArgumentError(
    `--output: expected a file that ends with .html, .csv or .json, got ${file}`,
  );
}
