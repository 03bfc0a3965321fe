import { stat } from 'node:fs/promises';
import { Argument, InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Pool } from 'pg';
import { momentOf } from '../domain/time.ts';
import type { KeyUse } from '../domain/key-rotation.ts';
import { runningStack } from './running-stack.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import type { Output } from './print.ts';

/** `countersign keys …`: the keys of this home. */
export function keyCommands(program: Command, env: () => Environment, output: () => Output): void {
  const keys = program
    .command('keys')
    .description(
      'make the keys that this home lacks: of statements, of the log, of the witness, of the console, of payloads',
    )
    .action(async () => {
      const { logKeys, statementKeys, witnessKeys } = await import('./keys.ts');
      const { consoleClientKeys, consoleSessionKey } = await import('./console-keys.ts');
      const e = env();
      const files = await Promise.all([
        statementKeys(e.COUNTERSIGN_HOME),
        logKeys(e),
        witnessKeys(e),
        consoleClientKeys(e),
      ]);
      await consoleSessionKey(e);
      const { payloadKeys } = await import('./payload-keys.ts');
      const ofPayloads = await payloadKeys(e);
      const lines = [
        ...files.map(({ privateKey, publicKey }) => [privateKey, `public: ${publicKey}`] as const),
        [ofPayloads, 'for API and workers alone'] as const,
      ];
      output().result(files, await Promise.all(lines.map(toldFile)));
    });

  keys
    .command('rotate')
    .addArgument(new Argument('<key>', 'which').choices(['statement', 'log', 'witness', 'payload']))
    .description('make another key, which the old one names; then, with --finish, end the old one')
    .option('--finish', 'once the log says so: keep for auditors where the old key has ended')
    .action(async (use: KeyUse | 'payload', o: { finish?: true }) => {
      if (use === 'payload') {
        await rotatePayloadKeys(o.finish === true);
        return;
      }
      if (o.finish === true) return finish(use);
      const { rotateKey } = await import('./rotate-key.ts');
      const { trustedKeysText, writeTrustedKeys } = await import('./trusted-keys.ts');
      const rotated = await rotateKey(env(), use);
      // A home of one process alone lacks the others' keys.
      const isWhole = await trustedKeysText(env()).then(
        () => true,
        () => false,
      );
      const trustedKeys = isWhole ? await writeTrustedKeys(env()) : null;
      const { before, after, files } = rotated;
      output().result({ ...rotated, trustedKeys }, [
        `${after} follows ${before}`,
        `${files.privateKey}, public: ${files.publicKey}`,
        ...restart[use],
        `then         countersign keys rotate ${use} --finish`,
      ]);
    });

  keys
    .command('revoke')
    .description('for a key that somebody else has: believe it for entries before an index alone')
    .requiredOption('--key <id>', 'its id, as countersign audit verify names it')
    .requiredOption('--from-index <index>', 'the first entry that it is not believed for', indexOf)
    .option('--before <time>', 'of a log’s or witness’s key: no longer believed from then on; default now')
    .option('--beyond-the-log', 'also where the log has not so many entries, or cannot be asked')
    .action(async (o: { key: string; fromIndex: number; before?: string; beyondTheLog?: true }) => {
      const { assertWithinLog, revokeKey } = await import('./end-key.ts');
      const before = o.before === undefined ? Date.now() : momentOf(o.before);
      if (before === null) throw new InvalidArgumentError('--before: a time such as 2026-11-30T12:00:00Z');
      const connectionString = o.beyondTheLog === true ? undefined : await databaseUrl();
      if (connectionString !== undefined) {
        const { logSize } = await import('../audit/log-size.ts');
        assertWithinLog(o.fromIndex, await withPool(connectionString, logSize));
      }
      const report = await revokeKey(env(), { id: o.key, beforeIndex: o.fromIndex, before });
      output().result(report, [
        ...report.lines.trimEnd().split('\n'),
        ...(report.holds < report.beforeIndex
          ? [
              `this key was revoked from entry ${report.holds} on before: that holds, and ${report.beforeIndex} changes nothing`,
            ]
          : []),
        ...(connectionString === undefined
          ? ['the index was not compared with the log: that takes DATABASE_URL, and no --beyond-the-log']
          : []),
        `give these lines to everybody who verifies, and restart ${believers[report.use]}`,
      ]);
    });

  /** Two steps, since every process has to be able to read what the first one writes with another key. */
  async function rotatePayloadKeys(isLast: boolean): Promise<void> {
    const { addNextPayloadKey, useNextPayloadKey } = await import('./payload-keys.ts');
    const rotated = await (isLast ? useNextPayloadKey : addNextPayloadKey)(env());
    output().result(rotated, [
      ...rotated.keys.map(({ id, use }) => `${use.padEnd(12)} ${id}`),
      `give         ${rotated.file} to every API and worker, and send them SIGHUP`,
      isLast
        ? 'then         keep the old key until Temporal has forgotten the changes that it encrypted'
        : 'then         countersign keys rotate payload --finish',
    ]);
  }

  async function finish(use: KeyUse): Promise<void> {
    const { finishRotation } = await import('./end-key.ts');
    const connectionString = (await databaseUrl()) ?? required(env(), 'DATABASE_URL');
    const reports = await withPool(connectionString, (pool) => finishRotation(env(), use, pool));
    output().result(reports, [
      ...reports.flatMap(({ lines }) => lines.trimEnd().split('\n')),
      'give these lines to everybody who verifies',
      ...(use === 'log' ? ['restart      the signer, which has the new key alone now'] : []),
    ]);
  }

  async function databaseUrl(): Promise<string | undefined> {
    return env().DATABASE_URL ?? (await runningStack(env()))?.environment['DATABASE_URL'];
  }
}

async function withPool<T>(connectionString: string, act: (pool: Pool) => Promise<T>): Promise<T> {
  const { makePool } = await import('../store/pool.ts');
  const pool = makePool({ connectionString, applicationName: 'countersign keys', max: 1 });
  try {
    return await act(pool);
  } finally {
    await pool.end();
  }
}

/** Only what the environment names elsewhere can be missing by then. */
async function toldFile([file, what]: readonly [string, string]): Promise<string> {
  if ((await stat(file).catch(() => null)) !== null) return `${file}, ${what}`;
  return `${file} is not there: the environment names it, so it was not made; without that variable it is made in this home`;
}

const restart: Record<KeyUse, readonly string[]> = {
  statement: ['restart      the workers, which need both public keys, then every API at once'],
  log: ['restart      the workers and the witness, which need both public keys, then the signer'],
  witness: ['restart      the signer and the workers, which need both public keys, then the witness'],
};
const believers: Record<KeyUse, string> = {
  statement: 'the workers',
  log: 'the workers and the witness',
  witness: 'the signer and the workers',
};

function indexOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected the index of an entry.');
}
