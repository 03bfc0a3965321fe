import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { startChild } from './child.ts';
import type { Child, ChildExit } from './child.ts';
import { freePort } from './free-port.ts';
import { temporalBinary } from './temporal-binary.ts';

/** Type of a search attribute, as the Temporal CLI names them. */
export type SearchAttributeType = 'Text' | 'Keyword' | 'Int' | 'Double' | 'Bool' | 'Datetime' | 'KeywordList';

/** Options of {@link startTemporal}. */
export interface TemporalOptions {
  /** Folder that keeps a downloaded CLI, in `bin/`. */
  home: string;
  /** Preferred port of the gRPC frontend; a free one is taken when it is in use. */
  port?: number;
  /** Preferred port of the web UI; without it there is no web UI. */
  uiPort?: number;
  /** SQLite file that keeps workflows; without it they end with the server. */
  dbFilename?: string;
  /** Namespace to make; default `default`. */
  namespace?: string;
  /** Search attributes to register, on a first start and on later ones. */
  searchAttributes?: Record<string, SearchAttributeType>;
  /** Values of the server's dynamic configuration, such as its limits, as JSON texts. */
  dynamicConfig?: Record<string, string>;
  /**
   * Environment of the CLI, which is looked for on its PATH, and of Python's pip that otherwise fetches it (proxies,
   * mirrors). The CLI's own configuration, TEMPORAL_* variables included, is ignored.
   */
  env: NodeJS.ProcessEnv;
  /** Gets the server's warnings and errors, line by line. */
  log?: (line: string) => void;
}

/** A running Temporal development server on 127.0.0.1. */
export interface EmbeddedTemporal {
  /** host:port of the gRPC frontend. */
  address: string;
  namespace: string;
  uiUrl: string | null;
  pid: number;
  /** Settles when the server has ended, on purpose or not. */
  exited: Promise<ChildExit>;
  /** Ends it in order; within 10 s, otherwise by force. */
  stop(): Promise<void>;
  /** For tests of faults: sends `signal` and does not wait. */
  kill(signal: NodeJS.Signals): void;
}

const READY_WITHIN_MS = 90_000;
/** How long an earlier server on the same file may take to go away. */
const HANDOVER_MS = 15_000;
const ATTEMPTS = 3;

/** Numbers of `temporal.api.enums.v1.IndexedValueType`. */
const VALUE_TYPES: Readonly<Record<SearchAttributeType, number>> = {
  Text: 1,
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
  Datetime: 6,
  KeywordList: 7,
};

/**
 * Starts Temporal's development server on 127.0.0.1 and waits until its frontend answers, the namespace exists and
 * the search attributes can be queried. It runs in a process group of its own: a terminal's Ctrl-C does not reach
 * it, so that the caller can stop its workers first.
 *
 * @throws Error that says what is missing and the remedy: CLI, Python, network, another server on the same file.
 */
export async function startTemporal(options: TemporalOptions): Promise<EmbeddedTemporal> {
  const namespace = options.namespace ?? 'default';
  const searchAttributes = options.searchAttributes ?? {};
  const command = await temporalBinary({
    binDir: join(resolve(options.home), 'bin'),
    env: options.env,
    log: options.log,
  });
  const dbFilename = options.dbFilename === undefined ? undefined : resolve(options.dbFilename);
  if (dbFilename !== undefined) await waitUntilUnused(dbFilename);

  for (let attempt = 1; ; attempt++) {
    const port = await freePort(options.port);
    const uiPort = options.uiPort === undefined ? undefined : await freePort(options.uiPort);
    const server = await startChild({
      command,
      args: [
        ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'],
        // Else TEMPORAL_* variables and the user's Temporal profile would configure the CLI.
        ...['--namespace', namespace, '--disable-config-file', '--disable-config-env'],
        ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort), '--ui-disable-news-fetch']),
        ...(dbFilename === undefined ? [] : ['--db-filename', dbFilename]),
        ...Object.entries(searchAttributes).flatMap(([key, type]) => [
          '--search-attribute',
          `${key}=${type}`,
        ]),
        ...Object.entries(options.dynamicConfig ?? {}).flatMap(([key, value]) => [
          '--dynamic-config-value',
          `${key}=${value}`,
        ]),
      ],
      env: options.env,
      cwd: '/',
      stopSignal: 'SIGTERM',
      log: options.log,
    });
    if (dbFilename !== undefined) await writeFile(pidFile(dbFilename), String(server.pid));
    const address = `127.0.0.1:${port}`;
    if (await isReady(server, address, namespace, searchAttributes)) {
      return {
        address,
        namespace,
        uiUrl: uiPort === undefined ? null : `http://127.0.0.1:${uiPort}`,
        pid: server.pid,
        exited: server.exited,
        async stop() {
          await server.stop();
          if (dbFilename !== undefined) await rm(pidFile(dbFilename), { force: true });
        },
        kill: (signal) => server.kill(signal),
      };
    }
    const output = server.lastLines();
    if (/address already in use|port.*(in use|taken)/iu.test(output) && attempt < ATTEMPTS) continue;
    throw new Error(`Temporal's development server did not start. It said:\n${output}`);
  }
}

/** Connects until the server serves queries in the namespace; false when it has ended. */
async function isReady(
  server: Child,
  address: string,
  namespace: string,
  searchAttributes: Record<string, SearchAttributeType>,
): Promise<boolean> {
  const until = Date.now() + READY_WITHIN_MS;
  // Names each search attribute, so it fails until all are known to the frontend.
  const query = Object.keys(searchAttributes)
    .map((key) => `${key} IS NULL`)
    .join(' AND ');
  while (!server.hasExited()) {
    let connection: Connection | undefined;
    try {
      const open = (connection = await Connection.connect({ address, connectTimeout: 5_000 }));
      await open.withDeadline(Date.now() + 10_000, async () => {
        await open.workflowService.describeNamespace({ namespace });
        await registerMissing(open, namespace, searchAttributes);
        await open.workflowService.countWorkflowExecutions({ namespace, query });
      });
      if (!server.hasExited()) return true;
    } catch (error) {
      if (Date.now() > until) {
        await server.stop();
        throw new Error(`Temporal did not become ready within ${READY_WITHIN_MS / 1000} s.`, {
          cause: error,
        });
      }
    } finally {
      await connection?.close();
    }
    await Promise.race([delay(100), server.exited]);
  }
  return false;
}

/** The CLI registers search attributes when it makes a database file, but not those that are asked for later. */
async function registerMissing(
  { operatorService }: Connection,
  namespace: string,
  wanted: Record<string, SearchAttributeType>,
): Promise<void> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(wanted).filter(([key]) => !(key in customAttributes));
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(missing.map(([key, type]) => [key, VALUE_TYPES[type]]));
  await operatorService.addSearchAttributes({ namespace, searchAttributes });
}

function pidFile(dbFilename: string): string {
  return `${dbFilename}.pid`;
}

/** Waits for an earlier server on the file to go: two at once would spoil it, and SQLite's locks do not prevent it. */
async function waitUntilUnused(dbFilename: string): Promise<void> {
  await mkdir(dirname(dbFilename), { recursive: true });
  const until = Date.now() + HANDOVER_MS;
  for (;;) {
    const pid = Number.parseInt(await readFile(pidFile(dbFilename), 'utf8').catch(() => ''), 10);
    if (!Number.isInteger(pid) || !(await serves(pid, dbFilename))) return;
    if (Date.now() > until) {
      throw new Error(
        `Another Temporal server (process ${pid}) uses ${dbFilename}. ` +
          'Remedy: stop it, or set COUNTERSIGN_HOME to another folder.',
      );
    }
    await delay(200);
  }
}

/** Whether process `pid` lives and has the file among its arguments: the id may long be another program's. */
async function serves(pid: number, dbFilename: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  if (process.platform === 'linux') {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.split('\0').includes(dbFilename);
  }
  const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.includes(dbFilename);
}
