import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { openCheckpointOf } from '../audit/pack/published-checkpoint.ts';
import { parseProof } from '../audit/tlog-proof.ts';
import { openPack } from '../audit/verify/pack-source.ts';
import { CountersignError } from '../domain/error.ts';
import type { ApiClient } from '../client/api-client.ts';
import { auditCompareCommand } from './audit-compare.ts';
import { auditFollowCommand } from './audit-follow.ts';
import { auditReconcileCommand } from './audit-reconcile.ts';
import { auditReportCommand } from './audit-report.ts';
import { asCaller, clientOf } from './caller.ts';
import type { Environment } from './environment.ts';
import { asJudging } from './judging-command.ts';
import { complain, printLine } from './print.ts';
import type { Output } from './print.ts';
import { putFile } from './put-file.ts';
import { trustedKeysText } from './trusted-keys.ts';
import { asVerification } from './verify-options.ts';
import type { VerifyOptions } from './verify-options.ts';
import { verifyWithThreads } from './verify-thread.ts';

/** The demo auditor. */
const auditor = 'dave';
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `countersign audit …`: the log, for auditors. `verify` needs nothing but files, `compare` the database; the others ask the HTTP API. */
export function auditCommands(program: Command, env: () => Environment, output: () => Output): void {
  const audit = program.command('audit').description('read, export and verify the audit log');
  const as = (command: Command) => asCaller(command, auditor);

  as(audit.command('checkpoint'))
    .description('print the log’s newest signed checkpoint')
    .action(async (o: { as?: string }) => {
      const note = await (await clientOf(env(), o, auditor)).text('/v1/audit/checkpoint');
      const { origin, size, root } = openCheckpointOf({ note });
      output().result({ origin, size, root: root.toString('hex'), note }, linesOf(note));
    });

  as(audit.command('prove <change-or-index>'))
    .description('print a proof that an entry is in the log; of a change, one for each of its entries')
    .action(async (which: string, o: { as?: string }) => {
      const client = await clientOf(env(), o, auditor);
      const indexes = uuid.test(which) ? await indexesOf(client, which) : [indexOf(which)];
      const proofs = [];
      for (const index of indexes) {
        const proof = await client.text(`/v1/audit/entries/${index}/proof`);
        // An answer that is no proof is not printed as one.
        openCheckpointOf({ note: parseProof(proof).checkpoint });
        proofs.push({ index, proof });
      }
      output().result(
        uuid.test(which) ? proofs : proofs[0],
        proofs.flatMap(({ proof }) => linesOf(proof)),
      );
    });

  as(audit.command('export'))
    .description('write an evidence pack of a change, of a range of entries, or of the whole log')
    .option('--change <id>', 'the entries of a change')
    .option('--from <index>', 'entries from this index')
    .option('--to <index>', 'up to, without, this index')
    .option('--since <checkpoint>', 'file with the last checkpoint you have')
    .option('-o, --output <file>', 'where to write it', 'countersign-evidence.tgz')
    .action(
      async (
        o: Record<'as' | 'change' | 'from' | 'to' | 'since', string | undefined> & { output: string },
      ) => {
        const query = new URLSearchParams();
        if (o.change !== undefined) query.set('changeId', o.change);
        if (o.from !== undefined) query.set('from', o.from);
        if (o.to !== undefined) query.set('to', o.to);
        if (o.since !== undefined) {
          const note = await readFile(o.since, 'utf8');
          query.set('since', String(openCheckpointOf({ note }).size));
        }
        const client = await clientOf(env(), o, auditor);
        const written = await putFile(o.output, async (draft) => {
          const body = await client.download(`/v1/audit/export?${query.toString()}`);
          return { file: o.output, ...(await writePack(body, draft)) };
        });
        output().result(written, [
          `wrote        ${written.file}, ${written.bytes} bytes`,
          `SHA-256      ${written.sha256}`,
          `verify.mjs   SHA-256 ${written.verifierSha256}`,
          `verify with  countersign audit verify ${written.file} --key <trusted keys>`,
        ]);
      },
    );

  auditCompareCommand(audit, env, output);
  auditFollowCommand(audit, env, output);
  auditReconcileCommand(audit, env, output, auditor);
  auditReportCommand(audit, env, output, auditor);

  audit
    .command('keys')
    .description(
      'print the public keys of this installation, which auditors get by another way than its packs',
    )
    .action(async () => {
      const text = await trustedKeysText(env());
      output().result({ keys: text }, linesOf(text));
    });

  asJudging(asVerification(audit.command('verify <pack>')))
    .description('verify an evidence pack offline: 0 valid, 1 tampered, 2 incomplete, 3 used wrongly')
    .action(async (pack: string, o: VerifyOptions) => {
      process.exitCode = await verifyWithThreads(
        join(import.meta.dirname, `verifier${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`),
        {
          pack,
          keys: o.key,
          since: o.since,
          maxAge: o.maxAge,
          at: o.at,
          policies: o.policies,
          json: program.opts<{ json?: boolean }>().json === true,
        },
        printLine,
        (line) => complain(`countersign: ${line}`),
      );
    });
}

/** The indexes of a change's entries that the newest checkpoint covers. */
async function indexesOf(client: ApiClient, changeId: string): Promise<number[]> {
  const indexes: number[] = [];
  // Entries newer than the checkpoint, such as the one of this query, cannot be proved yet.
  const { size } = openCheckpointOf({ note: await client.text('/v1/audit/checkpoint') });
  const query = new URLSearchParams({ changeId, to: String(size), limit: '200' });
  for (;;) {
    const page = await client.get<{ items: { index: number }[]; nextCursor: string | null }>(
      `/v1/audit/entries?${query.toString()}`,
    );
    indexes.push(...page.items.map(({ index }) => index));
    if (page.nextCursor === null) break;
    query.set('cursor', page.nextCursor);
  }
  if (indexes.length === 0)
    throw new CountersignError('not_found', `the log’s checkpoint has no entry of change ${changeId}`);
  return indexes;
}

function linesOf(text: string): string[] {
  return text.trimEnd().split('\n');
}

function indexOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`expected a change's id or an entry's index, got ${text}`);
}

/** Writes a pack, and reads it again: what is told of it is what stands there. */
async function writePack(body: ReadableStream<Uint8Array>, file: string) {
  await pipeline(Readable.fromWeb(body), createWriteStream(file));
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: hash.digest('hex'), verifierSha256: await verifierOf(file) };
}

/** SHA-256 of the verifier that a pack carries. */
async function verifierOf(pack: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const { path, content } of (await openPack(pack)).files()) {
    if (path !== 'verify.mjs') continue;
    for await (const chunk of content) hash.update(chunk);
    break;
  }
  return hash.digest('hex');
}
