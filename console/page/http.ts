import type { FieldError } from '../../domain/error.ts';
import { isErrorCode, mayHaveTakenEffect } from '../../domain/error.ts';
import type { Problem } from './answers.ts';
import { isInUse } from './activity.ts';
import { retryAtOf, setClock } from './clock.ts';

/** What a call sends beside its address. */
export interface Sent {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A call that was not answered as it should be: refused, or not answered at all. */
export class CallError extends Error {
  /** 0: nothing answered. */
  readonly status: number;
  /** A code of ours; null where whoever answered was not the API. */
  readonly code: string | null;
  readonly errors: readonly FieldError[];
  /** Under which the log of the API has it. */
  readonly requestId: string | null;
  /** Whether it may have taken effect all the same. */
  readonly mayHaveTakenEffect: boolean;
  /** Before when it is not to be made again, ms since 1970 by the server's clock; null where nobody has said so. */
  readonly retryAt: number | null;
  constructor(
    message: string,
    facts: Pick<CallError, 'status' | 'code' | 'mayHaveTakenEffect'> &
      Partial<Pick<CallError, 'errors' | 'requestId' | 'retryAt'>>,
  ) {
    super(message);
    this.name = 'CallError';
    this.status = facts.status;
    this.code = facts.code;
    this.errors = facts.errors ?? [];
    this.requestId = facts.requestId ?? null;
    this.mayHaveTakenEffect = facts.mayHaveTakenEffect;
    this.retryAt = facts.retryAt ?? null;
  }
}

const apiBase = '/api';

/**
 * Calls the API by way of the console's server.
 * @param path - such as `/v1/changes`
 * @throws CallError
 */
export async function callApi<T>(path: string, sent: Sent = {}): Promise<T> {
  const response = await answerOf(`${apiBase}${path}`, sent);
  return (await response.json()) as T;
}

/** The same for an answer that is not JSON. @throws CallError */
export function openApi(path: string, sent: Sent = {}): Promise<Response> {
  return answerOf(`${apiBase}${path}`, sent);
}

/**
 * A good answer to a call of the console's own server.
 * @throws CallError
 */
export async function answerOf(url: string, sent: Sent): Promise<Response> {
  const { method = 'GET', body, headers = {}, signal } = sent;
  const isWrite = method !== 'GET';
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers: {
        accept: 'application/json',
        'x-countersign': isWrite || isInUse() ? '1' : 'background',
        ...(isWrite ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(isWrite ? { body: JSON.stringify(body ?? {}) } : {}),
      ...(signal ? { signal } : {}),
      redirect: 'error',
      cache: 'no-store',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new CallError('nothing answered', { status: 0, code: null, mayHaveTakenEffect: isWrite });
  }
  setClock(response.headers.get('date'));
  if (response.ok) return response;
  throw await refusalIn(response, isWrite);
}

async function refusalIn(response: Response, isWrite: boolean): Promise<CallError> {
  const { status } = response;
  const requestId = response.headers.get('x-request-id');
  const retryAt = retryAtOf(response.headers.get('retry-after'));
  const isProblem = response.headers.get('content-type')?.includes('problem+json') ?? false;
  const problem = isProblem ? await problemIn(response) : null;
  if (problem === null) {
    // Whoever stands between has answered: what became of a write, nobody has said.
    const mayHave = isWrite && status >= 500;
    return new CallError(`HTTP ${status}`, {
      status,
      code: null,
      requestId,
      retryAt,
      mayHaveTakenEffect: mayHave,
    });
  }
  const { code, detail, errors = [] } = problem;
  return new CallError(detail, {
    status,
    code,
    errors,
    requestId,
    retryAt,
    mayHaveTakenEffect: isWrite && isErrorCode(code) && mayHaveTakenEffect(code),
  });
}

async function problemIn(response: Response): Promise<Problem | null> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return null;
  }
}

/** Whether a call failed because the person is not logged in, or no longer. */
export function isSessionOver(error: unknown): boolean {
  return error instanceof CallError && error.status === 401;
}
