import { faultOfStatus, RemoteError } from '../remote-error.ts';
import type { RemoteFault } from '../remote-error.ts';
import { retryAfterMs } from '../retry-after.ts';

/** One request to DingTalk. */
export interface Call {
  readonly method: 'POST' | 'PUT';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

const deadlineMs = 10_000;
const longestAnswer = 262_144;
const throttledForMs = 1000;

/** DingTalk's refusal of an access token that is over or was revoked. */
export class TokenRefused extends RemoteError {
  constructor(httpStatus: number) {
    super('denied', 'DingTalk refused the access token', { httpStatus });
    this.name = 'TokenRefused';
  }
}

/**
 * Sends JSON and reads JSON.
 *
 * @returns the answer's members; DingTalk answers some errors with 200, so the caller looks into them
 * @throws RemoteError, which names neither the address nor anything of the answer but its code
 */
export async function callJson(
  fetch: typeof globalThis.fetch,
  { method, url, headers = {}, body, signal }: Call,
): Promise<Readonly<Record<string, unknown>>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
      body: JSON.stringify(body),
      // What is signed, or has a token, for one address must not reach another one.
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
    });
    text = await textOf(response);
  } catch {
    // The error's own message may name the address, which has the robot's token in it.
    throw new RemoteError('unreachable', 'DingTalk gave no answer');
  }
  const members = membersIn(text);
  if (!response.ok) throw errorOf(response, members);
  if (members === null) {
    throw new RemoteError('unreachable', 'the answer is not one of DingTalk', {
      httpStatus: response.status,
    });
  }
  return members;
}

function errorOf(response: Response, members: Readonly<Record<string, unknown>> | null): RemoteError {
  const { status } = response;
  const code = codeIn(members?.['code']);
  if (status === 401 || code === 'InvalidAuthentication') return new TokenRefused(status);
  const isThrottled = status === 429 || /QpsLimit|Throttl/i.test(code ?? '');
  const fault: RemoteFault = isThrottled ? 'throttled' : faultOfStatus(status);
  const message = `DingTalk answered ${status}${code === null ? '' : ` (${code})`}`;
  const wait = isThrottled
    ? (retryAfterMs(response.headers.get('retry-after'), Date.now()) ?? throttledForMs)
    : null;
  return new RemoteError(fault, message, { httpStatus: status, retryAfterMs: wait });
}

/** A code of DingTalk's: words and dots. What has another form, such as digits, could be an echo of what was sent. */
function codeIn(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z]{2,40}(\.[A-Za-z]{1,40}){0,4}$/.test(value) ? value : null;
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > longestAnswer) throw new Error('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function membersIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
