import { createHash, generateKeyPairSync } from 'node:crypto';
import { formatCheckpoint } from '../../audit/checkpoint.ts';
import { columnsOf } from '../../audit/columns.ts';
import { leafHash, nodeHash, rootOf } from '../../audit/merkle.ts';
import type { HashReader } from '../../audit/merkle.ts';
import { signNote } from '../../audit/note.ts';
import { generateNoteKey, readNoteSigner } from '../../audit/note-key.ts';
import { askedBy, contextOf } from '../../audit/pack/context.ts';
import type { Coverage } from '../../audit/pack/manifest.ts';
import type { StoredSealed } from '../../audit/pack/read-sealed.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { isSignedType } from '../../domain/entry-writer.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { createStatementSigner } from '../../identity/statement-signer.ts';
import type { SignedStatement, Statement } from '../../domain/statement.ts';

/** The keys of a log: its own, a witness's, and the API's. */
export function makeKeys(origin = 'countersign.test/log') {
  const log = generateNoteKey(origin);
  const witness = generateNoteKey('witness.test', 'cosignature/v1');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const statement = createStatementSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
  return {
    origin,
    log,
    witness,
    statementSigner: statement,
    statementPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    /** What an auditor trusts, as the text of a file. */
    trusted: `# test\n${log.publicKey}\n${witness.publicKey}\n${publicKey.export({ type: 'spki', format: 'pem' }) as string}`,
  };
}
export type TestKeys = ReturnType<typeof makeKeys>;

/** An entry signed by the API's key: its statement, where it has one, or itself, where the API signs it as a whole. */
export function signed(body: EntryBody, { statementSigner }: TestKeys): EntryBody {
  if (isSignedType(body.type)) return statementSigner.write({ key: '', body }).body;
  if (body.statement == null) return body;
  const { keyId, signature }: SignedStatement = statementSigner.sign(body.statement as unknown as Statement);
  return { ...body, signature: { keyId, value: signature } };
}

/** A log in memory, which can be packed like the one in Postgres. */
export function memoryLog(bodies: readonly (EntryBody | Buffer)[], keys: TestKeys) {
  const bytes = bodies.map((body) => (Buffer.isBuffer(body) ? body : Buffer.from(canonicalJson(body))));
  const levels: Buffer[][] = [bytes.map(leafHash)];
  for (let level = levels[0] ?? []; level.length > 1; level = levels.at(-1) ?? []) {
    const up: Buffer[] = [];
    for (let i = 0; i + 1 < level.length; i += 2)
      up.push(nodeHash(level[i] as Buffer, level[i + 1] as Buffer));
    levels.push(up);
  }
  const read: HashReader = (nodes) =>
    Promise.resolve(nodes.map(({ level, index }) => levels[level]?.[index] as Buffer));

  async function checkpoint(size = bytes.length, at = Date.parse('2026-11-24T12:00:00Z')) {
    const root = await rootOf(size, read);
    const text = formatCheckpoint({ origin: keys.origin, size, root });
    const note = signNote(
      text,
      [readNoteSigner(keys.log.privateKey), readNoteSigner(keys.witness.privateKey)],
      at,
    );
    return { origin: keys.origin, size, root, note };
  }
  /** One for each five entries, and 256 at most. */
  async function earlierCheckpoints(from: number, to: number): Promise<string[]> {
    const step = Math.max(5, Math.ceil((to - from) / 256));
    const sizes = Array.from({ length: Math.floor(to / step) }, (_, n) => (n + 1) * step).filter(
      (s) => s > from,
    );
    return Promise.all(
      sizes.map(async (size) => {
        const text = formatCheckpoint({ origin: keys.origin, size, root: await rootOf(size, read) });
        return signNote(text, [readNoteSigner(keys.log.privateKey)]);
      }),
    );
  }
  /** The indexes of what a change's pack has. */
  function partOf(changeId: string, size: number): ReadonlySet<number> {
    const all = bytes
      .slice(0, size)
      .map((own, index) => ({ index, body: JSON.parse(own.toString()) as EntryBody }));
    const own = all.filter(({ body }) => body.changeId === changeId);
    const asked = askedBy(own);
    return new Set([...own, ...(asked === null ? [] : contextOf(asked, all))].map(({ index }) => index));
  }
  async function* entries(covers: Coverage, size: number): AsyncGenerator<StoredSealed> {
    await Promise.resolve();
    const [from, to] = covers.kind === 'range' ? [covers.from, covers.to] : [0, size];
    const part = covers.kind === 'change' ? partOf(covers.changeId, size) : null;
    for (let index = from; index < to; index += 1) {
      if (part && !part.has(index)) continue;
      const own = bytes[index] as Buffer;
      const body = JSON.parse(own.toString()) as EntryBody;
      const hash = leafHash(own).toString('hex');
      const columns = columnsOf(body);
      yield { index, body, bytes: own, leafHash: hash, columns, stored: { leafHash: hash, columns } };
    }
  }
  return { bytes, read, checkpoint, earlierCheckpoints, entries };
}

export type MemoryLog = ReturnType<typeof memoryLog>;

/** SHA-256, lower-case hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
