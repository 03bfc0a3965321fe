/**
 * What came of a request to somebody else's system.
 *
 * - `unreachable`: no answer, or one that is none of the system's (a proxy's page): what it did is not known
 * - `denied`: the credential is wrong or lacks a right (401, 403)
 * - `not_found`: not there, or hidden from this credential (404)
 * - `conflict`: the state has moved on meanwhile (409, 412); a repeat reads first
 * - `throttled`: too many requests (429); no repeat before `retryAfterMs`
 * - `failed`: the system's own error (5xx): what it did is not known
 * - `refused`: the request itself is wrong for it (400, 422): a repeat does not help
 * - `gone`: the receiver wants no more (410)
 */
export type RemoteFault =
  'unreachable' | 'denied' | 'not_found' | 'conflict' | 'throttled' | 'failed' | 'refused' | 'gone';

const longestMessage = 512;

/**
 * A request to somebody else's system that did not succeed. It is shown to people and kept, so neither its message nor any
 * other member has a URL, a credential or a body in it.
 */
export class RemoteError extends Error {
  readonly fault: RemoteFault;
  readonly httpStatus: number | null;
  /** No repeat earlier than this many ms; null where the system did not say. */
  readonly retryAfterMs: number | null;
  constructor(
    fault: RemoteFault,
    message: string,
    known: { readonly httpStatus?: number | null; readonly retryAfterMs?: number | null } = {},
  ) {
    super(message.slice(0, longestMessage).toWellFormed());
    this.name = 'RemoteError';
    this.fault = fault;
    this.httpStatus = known.httpStatus ?? null;
    this.retryAfterMs = known.retryAfterMs ?? null;
  }
}

/** The fault that an HTTP status other than 2xx stands for. */
export function faultOfStatus(status: number): RemoteFault {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'not_found';
  if (status === 409 || status === 412) return 'conflict';
  if (status === 410) return 'gone';
  if (status === 429) return 'throttled';
  return status >= 500 ? 'failed' : 'refused';
}

/** Whether a repeat of the same request may help, later or after a new read. */
export function mayHelp(fault: RemoteFault): boolean {
  return fault !== 'refused' && fault !== 'gone';
}
