import { setImmediate } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { columnsOf } from '../audit/columns.ts';
import type { StatementCheck } from '../audit/verify/judge-entries.ts';
import { hashRenderings } from '../audit/verify/render-entries.ts';
import type { EntryRenderer, RenderingDigests } from '../audit/verify/render-entries.ts';
import type { StatementClaim } from '../audit/verify/statement-claim.ts';
import type { EntryBody } from '../domain/entry.ts';
import { createSignatureVerifier } from '../identity/statement-signer.ts';

/** What the thread that verifies asks of the one that started it. */
export type Asked =
  | { readonly kind: 'keys'; readonly pems: readonly string[] }
  /** `texts`: what was signed, canonical JSON in UTF-8, a line for each of the signatures. */
  | {
      readonly kind: 'claims';
      readonly texts: Uint8Array;
      readonly claims: readonly Omit<StatementClaim, 'canonicalStatement'>[];
    }
  /** The log by its name, of which entries follow. */
  | { readonly kind: 'log'; readonly log: string }
  /** `lines`: of canonical JSON in UTF-8, one for each index. */
  | {
      readonly kind: 'entries';
      readonly lines: Uint8Array;
      readonly indexes: readonly number[];
      readonly leafHashes: readonly string[];
    }
  | { readonly kind: 'digests' };

/** The answers: to `claims`, to `entries` and to `digests`, to each in their order. */
export type Answer =
  | { readonly kind: 'valid'; readonly valid: readonly boolean[] }
  | { readonly kind: 'rendered' }
  | { readonly kind: 'digests'; readonly digests: RenderingDigests };

/** Does what is {@link Asked}. */
export function helpWith(answer: (answer: Answer) => void): (asked: Asked) => void {
  let check = createSignatureVerifier([]);
  let renderings = hashRenderings('');
  return (asked) => {
    switch (asked.kind) {
      case 'keys':
        check = createSignatureVerifier(asked.pems);
        break;
      case 'claims':
        answer({ kind: 'valid', valid: claimsOf(asked.texts, asked.claims).map(check) });
        break;
      case 'log':
        renderings = hashRenderings(asked.log);
        break;
      case 'entries': {
        const { lines, indexes, leafHashes } = asked;
        const texts = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength)
          .toString('utf8')
          .split('\n');
        indexes.forEach((index, n) => {
          const body = JSON.parse(texts[n] ?? '') as EntryBody;
          renderings.add({ index, body, leafHash: leafHashes[n] ?? '', columns: columnsOf(body) });
        });
        answer({ kind: 'rendered' });
        break;
      }
      case 'digests':
        answer({ kind: 'digests', digests: renderings.digests() });
    }
  };
}

/** Most batches of signatures, and of entries, that lie before the other thread. */
const mostGiven = 6;
const mostRendering = 12;
/** With more batches of entries before it, the other thread gets no signatures. */
const busy = 6;

/**
 * The other thread's help. It makes the renderings, which only one can, since they are hashed in their order; signatures it
 * gets while it keeps up. What it has no time for is checked here.
 */
export function otherThread(port: MessagePort) {
  const ask = (asked: Asked, transferred: ArrayBuffer[] = []) => port.postMessage(asked, transferred);
  const given: ((valid: readonly boolean[]) => void)[] = [];
  let rendering = 0;
  let onRendered: () => void = () => undefined;
  let onDigests: (digests: RenderingDigests) => void = () => undefined;
  port.on('message', (answer: Answer) => {
    switch (answer.kind) {
      case 'valid':
        given.shift()?.(answer.valid);
        break;
      case 'rendered':
        rendering -= 1;
        onRendered();
        break;
      case 'digests':
        onDigests(answer.digests);
    }
  });
  return {
    checkWith(pems: readonly string[]): StatementCheck {
      ask({ kind: 'keys', pems });
      const check = createSignatureVerifier(pems);
      const isBehind = () => given.length >= mostGiven || rendering > busy;
      return async (claims) => {
        // Answers arrive between two turns of the event loop, and many a chunk is read within one.
        if (isBehind()) await setImmediate();
        if (isBehind()) return claims.map(check);
        const texts = joinedLines(claims.map(({ canonicalStatement }) => canonicalStatement));
        const signatures = claims.map(({ keyId, signature }) => ({ keyId, signature }));
        ask({ kind: 'claims', texts, claims: signatures }, [texts.buffer]);
        return new Promise((resolve) => given.push(resolve));
      };
    },
    renderWith(log: string): EntryRenderer {
      ask({ kind: 'log', log });
      let lines: Buffer[] = [];
      let indexes: number[] = [];
      let leafHashes: string[] = [];
      function give(): void {
        if (indexes.length === 0) return;
        const joined = joinedLines(lines);
        ask({ kind: 'entries', lines: joined, indexes, leafHashes }, [joined.buffer]);
        [lines, indexes, leafHashes] = [[], [], []];
        rendering += 1;
      }
      return {
        add({ index, leafHash }, line) {
          lines.push(line);
          indexes.push(index);
          leafHashes.push(leafHash);
        },
        async catchUp() {
          give();
          while (rendering >= mostRendering) {
            await new Promise<void>((resolve) => {
              onRendered = resolve;
            });
          }
        },
        end() {
          give();
          ask({ kind: 'digests' });
          return new Promise((resolve) => {
            onDigests = resolve;
          });
        },
      };
    },
  };
}

/** What {@link joinedLines} joined, with the signatures on each line. */
function claimsOf(
  texts: Uint8Array,
  signatures: readonly Omit<StatementClaim, 'canonicalStatement'>[],
): StatementClaim[] {
  let from = 0;
  return signatures.map((signature) => {
    const end = texts.indexOf(0x0a, from);
    const canonicalStatement = texts.subarray(from, end);
    from = end + 1;
    return { ...signature, canonicalStatement };
  });
}

/** Lines in memory of their own, so that they can be handed over. Canonical JSON has no line end in it. */
function joinedLines(lines: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(lines.reduce((sum, { length }) => sum + length + 1, 0));
  let at = 0;
  for (const line of lines) {
    joined.set(line, at);
    at += line.length;
    joined[at] = 0x0a;
    at += 1;
  }
  return joined;
}
