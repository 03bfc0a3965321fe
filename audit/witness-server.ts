import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { memoryMissing } from './ask-witness.ts';
import type { Generations } from './generations.ts';
import { signatureLine } from './note.ts';
import type { NoteSigner, NoteVerifier } from './note-key.ts';
import { judgeCheckpoint } from './witness.ts';
import { witnessForgot } from './witness-memory.ts';
import type { WitnessMemory } from './witness-memory.ts';
import { maxRequestBytes, sizeContentType } from './witness-request.ts';

/** Where a witness logs what it was shown; a pino logger fits. */
export interface WitnessLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

/** What a witness is made from. */
export interface WitnessOptions {
  /** Its memory; empty, it cosigns nothing: it was begun before, and is lost. Another witness with the same memory may run: one of two that answer at once then starts again. */
  readonly memory: Generations<WitnessMemory>;
  /** Its key, of the algorithm `cosignature/v1`. */
  readonly signer: NoteSigner;
  /** Public keys of the logs that it watches. */
  readonly logs: readonly NoteVerifier[];
  readonly log: WitnessLog;
  /** Ms since 1970. */
  readonly now?: () => number;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
}

/**
 * A C2SP tlog-witness: `POST /add-checkpoint`, and `GET /healthz` beside it. It does not listen yet. A tree that does not
 * continue the one that it cosigned last gets no cosignature, and its signed checkpoint is logged: it is the proof of a fork.
 */
export function createWitness(options: WitnessOptions): Server {
  // One after the other: judging and remembering are one step.
  let turn: Promise<unknown> = Promise.resolve();
  return createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (req, res) => {
    answerTo(options, req, (body) => {
      const next = turn.then(() => addCheckpoint(options, body));
      turn = next.catch(() => undefined);
      return next;
    }).then(
      (answer) => send(res, answer),
      (err: unknown) => {
        options.log.error({ err }, 'a request could not be answered');
        send(res, { status: 500 });
      },
    );
  });
}

async function addCheckpoint(
  { memory, signer, logs, log, now = Date.now }: WitnessOptions,
  body: string,
): Promise<Answer> {
  for (;;) {
    const before = await memory.read();
    if (before === null) {
      log.fatal({}, witnessForgot);
      return { status: 503, type: 'text/plain; charset=utf-8', body: `${memoryMissing}\n` };
    }
    const { cosigned } = before.value;
    const judgement = judgeCheckpoint(
      body,
      (origin) => {
        const last = Object.hasOwn(cosigned, origin) ? cosigned[origin] : undefined;
        return last === undefined ? null : { size: last.size, root: Buffer.from(last.root, 'base64') };
      },
      logs,
    );
    if (judgement.status !== 200) {
      if (judgement.isFork) {
        log.fatal({ request: body }, 'the log shows a tree that does not continue what it showed before');
      }
      if (judgement.status !== 409) return { status: judgement.status };
      return { status: 409, type: sizeContentType, body: `${judgement.size}\n` };
    }
    const { checkpoint, text } = judgement;
    const { origin, size, root } = checkpoint;
    // A later cosignature never has an earlier time, whatever the clock does.
    const time = Math.max(Math.floor(now() / 1000), cosigned[origin]?.time ?? 0);
    const kept = { size, root: root.toString('base64'), time };
    const after = await memory.follow(before, { v: 1, cosigned: { ...cosigned, [origin]: kept } });
    if (after === null) continue;
    log.info({ origin, size }, 'cosigned');
    return {
      status: 200,
      type: 'text/plain; charset=utf-8',
      body: signatureLine(text, signer, time * 1000),
    };
  }
}

async function answerTo(
  { memory }: WitnessOptions,
  req: IncomingMessage,
  add: (body: string) => Promise<Answer>,
): Promise<Answer> {
  const path = req.url?.split('?')[0];
  if (path === '/healthz' && req.method === 'GET') {
    if ((await memory.read()) === null) {
      return { status: 503, type: 'application/json', body: JSON.stringify({ status: memoryMissing }) };
    }
    return { status: 200, type: 'application/json', body: '{"status":"ok"}' };
  }
  if (path !== '/add-checkpoint') return { status: 404 };
  if (req.method !== 'POST') return { status: 405 };
  const body = await readBody(req);
  return body === null ? { status: 400 } : add(body);
}

/** The body, or null when it is too long or no UTF-8. */
async function readBody(req: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maxRequestBytes) chunks.push(chunk);
  }
  if (length > maxRequestBytes) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks));
  } catch {
    return null;
  }
}

function send(res: ServerResponse, { status, type, body }: Answer): void {
  res.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body);
}
