import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { encodingOf } from '../domain/answer-encoding.ts';
import { unreadableValue } from '../domain/unreadable.ts';
import { PayloadUnreadable } from './payload-unreadable.ts';

/**
 * A codec for workers. Some payloads will never be readable: a word in an encoding that nobody knows, one that is altered or is
 * another workflow's. A workflow could not even begin with it, and its task would be tried for ever. So it gets a word in its
 * place that says why, and refuses it. Where waiting may heal (a key that is missing, a host's codec that refuses), or where the workflow relies on what its
 * own activities have answered, the task fails and is tried again: nothing is lost.
 */
export function workerCodec(codec: PayloadCodec): PayloadCodec {
  const legible = async (payload: Payload, context?: SerializationContext): Promise<Payload> => {
    try {
      const [decoded = payload] = await codec.decode([payload], context);
      assertJson(decoded);
      return decoded;
    } catch (error) {
      if (!(error instanceof PayloadUnreadable) || isWaitedFor(error, context)) throw error;
      return {
        metadata: { encoding: Buffer.from('json/plain') },
        data: Buffer.from(JSON.stringify(unreadableValue(error.message))),
      };
    }
  };
  return {
    encode: (payloads, context) => codec.encode(payloads, context),
    decode: (payloads, context) => Promise.all(payloads.map((each) => legible(each, context))),
  };
}

function isWaitedFor({ reason }: PayloadUnreadable, context: SerializationContext | undefined): boolean {
  if (reason === 'key_missing' || reason === 'codec_refused') return true;
  return reason === 'not_authentic' && context?.type !== 'workflow';
}

/** How deep lists and objects may be nested. A few thousand levels overflow the stack of what walks over them, in a workflow too. */
const deepest = 200;

function assertJson(payload: Payload): void {
  if (encodingOf(payload) !== 'json/plain') return;
  const text = Buffer.from(payload.data ?? []).toString();
  try {
    JSON.parse(text);
  } catch {
    throw new PayloadUnreadable('no_json', 'a payload is json/plain, and no JSON');
  }
  if (depthOf(text) > deepest)
    throw new PayloadUnreadable('no_json', `a payload is json/plain, nested deeper than ${deepest} levels`);
}

/** How deep brackets are nested in a text of JSON, those in strings aside. In one pass: a payload has 2 MB at most. */
function depthOf(text: string): number {
  let [depth, greatest] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    greatest = Math.max(greatest, depth);
  }
  return greatest;
}

/** Where the string of a JSON text that begins at a place ends. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
