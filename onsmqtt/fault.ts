import { fault, maxFaultMessage } from '../domain/fault.ts';
import type { Fault } from '../domain/fault.ts';
import { classify } from './classify.ts';
import type { FaultKind } from './classify.ts';

/** Texts that no message may contain, each with what stands in its place. */
export type Hidden = readonly (readonly [text: string | undefined, label: string])[];

/** A fault of ours, where no readable answer says more; its code is its kind. */
export function faultOfKind(kind: Exclude<FaultKind, 'answer'>, message: string): Fault {
  return fault(classify({ kind, code: null, httpStatus: null }), kind, message);
}

/**
 * A fault from the vendor's error body `{RequestId, HostId, Code, Message, …}`. A body without a code that can be one is
 * an `unreadable_answer`.
 */
export function faultOfBody(
  body: Readonly<Record<string, unknown>>,
  httpStatus: number,
  hidden: Hidden,
): Fault {
  const code = codeIn(body.Code ?? body.code);
  const message = body.Message ?? body.message;
  return fault(
    classify({ kind: 'answer', code, httpStatus }),
    code ?? 'unreadable_answer',
    typeof message === 'string' ? withoutHidden(message, hidden) : `an error at HTTP ${httpStatus}`,
    { httpStatus, requestId: requestIdIn(body) },
  );
}

/** The vendor's RequestId in a body, or null. */
export function requestIdIn(body: Readonly<Record<string, unknown>>): string | null {
  const id = body.RequestId ?? body.requestId;
  return typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : null;
}

function codeIn(value: unknown): string | null {
  return typeof value === 'string' && /^[\w.:-]{1,128}$/.test(value) ? value : null;
}

/** Members of what the SDK core throws, and of Node's errors that it lets through. */
interface SdkError {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly statusCode?: unknown;
  readonly retryAfter?: unknown;
  readonly data?: unknown;
  readonly errors?: unknown;
}

/**
 * What the SDK core threw, as a fault. Decided by names and codes, never by messages: those of network faults contain the
 * whole URL, so a serial number could decide. They are replaced, the vendor's are cleaned.
 */
export function faultOfError(thrown: unknown, hidden: Hidden): Fault {
  const error = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as SdkError;
  if (typeof error.statusCode === 'number') {
    const body = isRecord(error.data) ? error.data : {};
    const { retryAfter } = error;
    const isDelay = typeof retryAfter === 'number' && Number.isFinite(retryAfter) && retryAfter >= 0;
    return {
      ...faultOfBody(body, error.statusCode, hidden),
      retryAfterMs: isDelay ? retryAfter : null,
    };
  }
  const code = typeof error.code === 'string' ? error.code : '';
  const reason = /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? ` (${code})` : '';
  if (isNotSent(error)) return faultOfKind('not_sent', `the request was not sent${reason}`);
  if (error.name === 'RequestTimeoutError' || code === 'ETIMEDOUT') {
    return faultOfKind('timeout', 'no answer in time');
  }
  if (['ECONNRESET', 'ECONNABORTED', 'EPIPE'].includes(code)) {
    return faultOfKind('connection_reset', `the connection was lost before the answer's end${reason}`);
  }
  return faultOfKind('unreadable_answer', `the answer could not be read${reason}`);
}

// Before the handshake's end Node writes nothing of a request.
const untrusted =
  /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_SELF_SIGNED_CERT$|SELF_SIGNED_CERT_IN_CHAIN$|UNABLE_TO_(GET|VERIFY)_)/;

function isNotSent(error: SdkError): boolean {
  if (error.syscall === 'connect' || error.syscall === 'getaddrinfo') return true;
  if (error.code === 'InvalidCredentials') return true;
  // One error for each of a host's addresses.
  if (Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.every((one: unknown) => isRecord(one) && one.syscall === 'connect');
  }
  return typeof error.code === 'string' && untrusted.test(error.code);
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A vendor's message without URLs, queries and what is hidden, plain or percent-encoded, in one line of at most 512
 * characters. The gateway's answer to a wrong signature, for one, repeats the whole signed request.
 */
function withoutHidden(message: string, hidden: Hidden): string {
  const labels = new Map<string, string>();
  for (const [text, label] of hidden) {
    if (!text) continue;
    const encoded = encodeURIComponent(text);
    for (const form of [inOneLine(text), encoded, encodeURIComponent(encoded)]) labels.set(form, label);
  }
  const forms = [...labels.keys()].sort((a, b) => b.length - a.length);
  // In one pass, so that a short text is not found in another's label.
  const pattern = [
    '[A-Za-z][A-Za-z0-9+.-]{0,31}://\\S+',
    '[?&]?[\\w.-]{1,64}=[^\\s&]*&\\S*',
    ...forms.map((form) => form.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')),
  ].join('|');
  return inOneLine(message.slice(0, 4096))
    .replaceAll(new RegExp(pattern, 'g'), (found) => {
      return labels.get(found) ?? (found.includes('://') ? '<url>' : '<query>');
    })
    .trim()
    .slice(0, maxFaultMessage)
    .toWellFormed();
}

function inOneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ');
}
