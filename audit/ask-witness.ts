/** Where a witness is, and how long it may take. */
export interface WitnessAddress {
  /** The witness's submission prefix; `/add-checkpoint` is below it. */
  readonly url: string;
  /** Longest wait for an answer, ms; default 5000. */
  readonly timeoutMs?: number;
  /** What asks it; default: Node's own. */
  readonly fetch?: typeof globalThis.fetch;
}

/** What a witness answered to `POST /add-checkpoint`. */
export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: string }
  /** It has cosigned a tree of another size than it was told, or another tree of this size. */
  | { readonly kind: 'conflict'; readonly size: number }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string };

/** What a witness says of a tree that a signer remembers. */
export type WitnessWord =
  | { readonly kind: 'agrees' }
  /** It has cosigned a larger tree, or another one of this size. */
  | { readonly kind: 'ahead' | 'differs'; readonly size: number }
  | { readonly kind: 'silent'; readonly reason: string };

/** Body of a 503 with which our witness says that its memory is gone. */
export const memoryMissing = 'memory_missing';

/** Most characters of an answer that are read. */
const maxAnswer = 16_384;

/**
 * Sends a request of C2SP tlog-witness.
 *
 * @throws Error when the witness cannot be reached, does not answer in time, or answers with a fault of its own
 */
export async function askWitness(
  { url, timeoutMs = 5_000, fetch = globalThis.fetch }: WitnessAddress,
  body: string,
  stopping?: AbortSignal,
): Promise<WitnessAnswer> {
  const late = AbortSignal.timeout(timeoutMs);
  const response = await fetch(`${url.replace(/\/$/, '')}/add-checkpoint`, {
    method: 'POST',
    body,
    redirect: 'error',
    signal: stopping === undefined ? late : AbortSignal.any([stopping, late]),
  });
  const text = await readShort(response);
  const { status } = response;
  if (status === 200) return { kind: 'cosigned', lines: text };
  const size = /^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1];
  if (status === 409 && size !== undefined) return { kind: 'conflict', size: Number(size) };
  if (text.trim() === memoryMissing) return { kind: 'refused', status, reason: 'it has lost its memory' };
  if (status >= 500) throw new Error(`the witness answers ${status}`);
  return { kind: 'refused', status, reason: `it answers ${status}` };
}

/**
 * Asks a witness about a tree by having it cosigned once more: a witness that has cosigned a larger one says so.
 *
 * @param size - the tree's size, 0 for the empty one
 * @param request - the request of that size, from that size
 */
export async function hearWitness(
  address: WitnessAddress,
  size: number,
  request: string,
): Promise<WitnessWord> {
  try {
    const answer = await askWitness(address, request);
    if (answer.kind === 'cosigned') return { kind: 'agrees' };
    if (answer.kind === 'conflict') {
      if (answer.size > size) return { kind: 'ahead', size: answer.size };
      if (answer.size === size) return { kind: 'differs', size };
      // It has not seen so much yet: what it says to the rest is heard when that is cosigned.
      return { kind: 'agrees' };
    }
    // It knows no log of this name, and so no tree of it.
    if (answer.status === 404) return { kind: 'agrees' };
    return { kind: 'silent', reason: answer.reason };
  } catch (error) {
    return { kind: 'silent', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function readShort(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > maxAnswer) throw new Error('the witness answers too much');
  }
  return text;
}
