import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { BrokenTrail } from '../audit/reconcile/broken-trail.ts';
import type { GatedCall } from '../audit/reconcile/judge-call.ts';
import { attemptTypes, collectAttempts } from '../audit/reconcile/logged-attempts.ts';
import type { LoggedAttempt } from '../audit/reconcile/logged-attempts.ts';
import { packSpan } from '../audit/reconcile/pack-span.ts';
import { readTrail } from '../audit/reconcile/read-trail.ts';
import { reconcile } from '../audit/reconcile/reconcile.ts';
import type { Span } from '../audit/reconcile/reconcile.ts';
import {
  exitCodeOfReconciliation,
  reconciliationLines,
  reconciliationOf,
} from '../audit/reconcile/reconciliation.ts';
import { isoTime } from '../domain/time.ts';
import type { Operation } from '../operations/operation.ts';
import { clientOf } from './caller.ts';
import type { Environment } from './environment.ts';
import { asJudging } from './judging-command.ts';
import { asLogReader, assertLogOptions, listEntries, readPack } from './log-source.ts';
import type { LogOptions } from './log-source.ts';
import { openOperations } from './operations.ts';
import { asPeriod, readPeriod } from './period-options.ts';
import type { PeriodOptions } from './period-options.ts';
import type { Output } from './print.ts';
import { several } from './verify-options.ts';

interface ReconcileOptions extends LogOptions, PeriodOptions {
  readonly trail: string[];
  readonly principal: string[];
}

const day = 86_400_000;

/** `countersign audit reconcile`: whether the cloud's own trail and the log tell of the same calls. */
export function auditReconcileCommand(
  audit: Command,
  env: () => Environment,
  output: () => Output,
  auditor: string,
): void {
  const command = asJudging(audit.command('reconcile'))
    .description(
      'compare ActionTrail events with the log’s attempts: 0 reconciled, 1 it differs, 2 incomplete, 3 used wrongly',
    )
    .option('--trail <file>', 'events, or a folder of them; may be given several times', several, [])
    .option(
      '--principal <name>',
      'who makes the worker’s calls: a user, role or access key, by name or id; may be given several times',
      several,
      [],
    );
  asLogReader(asPeriod(command), auditor).action(async (o: ReconcileOptions) => {
    if (o.trail.length === 0) throw new InvalidArgumentError('give the trail with --trail <file>');
    assertLogOptions(o);
    try {
      await run(o, env(), output(), auditor);
    } catch (error) {
      if (!(error instanceof BrokenTrail)) throw error;
      if (error.kind !== 'cut') throw new InvalidArgumentError(error.message);
      output().result({ code: 'trail_cut', message: error.message, errors: [] }, [
        `INCOMPLETE: ${error.message}`,
      ]);
      process.exitCode = exitCodeOfReconciliation.incomplete;
    }
  });
}

async function run(o: ReconcileOptions, env: Environment, output: Output, auditor: string): Promise<void> {
  const { trail: paths, principal: principals } = o;
  const given = readPeriod(o);
  const calls = gatedCalls((await openOperations(env)).list);
  // Once before anything is asked for: when it was, and whether it is a trail at all.
  const trail = spanOf(await eventSpan(paths), given);
  const read = await (o.pack === undefined ? readApi(o, env, auditor, trail) : readLog(o.pack, o, output));
  if (read === null) return;
  const { attempts, ...log } = read;
  const comparison = reconcile({ calls, principals, trail, log: log.span, attempts });
  for await (const event of readTrail(paths)) comparison.event(event);
  const result = reconciliationOf(
    {
      ...{ paths, trail, principals, source: log.source, name: log.name, log: log.span },
      isTrailSpanGiven: given.from !== null && given.to !== null,
    },
    comparison.end(),
  );
  output.result(result, reconciliationLines(result));
  process.exitCode = exitCodeOfReconciliation[result.result];
}

/** How the trail tells of the calls of each operation whose definition says so. */
export function gatedCalls(operations: readonly Operation[]): GatedCall[] {
  return operations.flatMap((operation) => {
    const { name, trail, input } = operation;
    if (trail === undefined) return [];
    const targetOf: GatedCall['targetOf'] = ({ parameters, region }) => {
      try {
        const read = input.safeParse(trail.input(parameters, region));
        return read.success ? operation.target(read.data).id : null;
      } catch {
        // An event may hold anything, and a definition need not be ready for that.
        return null;
      }
    };
    return [{ operation: name, serviceName: trail.serviceName, eventName: trail.eventName, targetOf }];
  });
}

/** From the first to the last event; null where there is none. */
async function eventSpan(paths: readonly string[]): Promise<Span | null> {
  let [from, to] = [Infinity, -Infinity];
  for await (const { time } of readTrail(paths)) [from, to] = [Math.min(from, time), Math.max(to, time)];
  return from > to ? null : { from, to };
}

function spanOf(seen: Span | null, given: ReturnType<typeof readPeriod>): Span {
  const [from, to] = [given.from ?? seen?.from, given.to ?? seen?.to];
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError('the trail has no event: say with --from and --to when it is of');
  return { from, to };
}

/** The attempts of the log, and from when to when it has all of them. */
interface ReadLog {
  readonly source: 'pack' | 'api';
  readonly name: string | null;
  readonly span: Span | null;
  readonly attempts: Iterable<LoggedAttempt>;
}

async function readLog(pack: string, o: LogOptions, output: Output): Promise<ReadLog | null> {
  const attempts = collectAttempts();
  let [first, last] = ['', ''];
  const verdict = await readPack(pack, o, output, ({ body }) => {
    first ||= body.time;
    last = body.time;
    attempts.add(body);
  });
  if (verdict === null) return null;
  const name = verdict.checkpoint?.origin ?? null;
  return { source: 'pack', name, span: packSpan(verdict, first, last), attempts: attempts.list() };
}

async function readApi(o: LogOptions, env: Environment, auditor: string, trail: Span): Promise<ReadLog> {
  const client = await clientOf(env, o, auditor);
  const now = Date.now();
  const attempts = collectAttempts();
  const [timeFrom, timeTo] = [isoTime(trail.from - day), isoTime(trail.to + day)];
  for (const type of attemptTypes) {
    for await (const entry of listEntries(client, { type, timeFrom, timeTo })) attempts.add(entry);
  }
  let from = now;
  for await (const { time } of listEntries(client, { from: '0', to: '1' })) from = Date.parse(time);
  // What the trail has was called before it was written, and so before the log was asked.
  return { source: 'api', name: null, span: { from, to: now }, attempts: attempts.list() };
}
