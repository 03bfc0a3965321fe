import { randomUUID } from 'node:crypto';
import type { ChangeView, ListedChange } from '../api/change-view.ts';
import { CountersignError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import { isSafeAddress } from '../domain/loopback.ts';
import { apiClient } from './api-client.ts';
import type { Bearer, ShownEntry } from './api-client.ts';
import { waitForEnd } from './wait-for-end.ts';

/** How to reach an installation. */
export interface ClientOptions {
  /** The API's address, such as `https://countersign.example`. */
  readonly url: string;
  /** A person's access token, a machine's API token, or what renews one. */
  readonly token: string | Bearer;
  /** In place of the global `fetch`, such as one by a proxy. */
  readonly fetch?: typeof globalThis.fetch;
}

/** What is asked for: the body of `POST /v1/changes`. */
export interface NewChange {
  /** An operation's name, such as `ActiveCaCertificate`. */
  readonly operation: string;
  /** As the operation's JSON Schema has it (`GET /v1/operations`). */
  readonly input: JsonObject;
  /** Why, for whoever decides; 1 to 2,000 characters. */
  readonly justification: string;
  readonly ticket?: { readonly system: string; readonly id: string; readonly url?: string };
  /** Times in RFC 3339 with a zone. */
  readonly decideBy?: string;
  readonly executeAfter?: string;
  readonly executeBy?: string;
  /** An emergency: the call is made before the decisions, and reviewed afterwards. */
  readonly breakGlass?: boolean;
}

/** A page of changes, newest first. */
export interface ChangePage {
  readonly items: readonly ListedChange[];
  /** The `cursor` of the next page; null after the last. */
  readonly nextCursor: string | null;
}

/** The API, for a program. Every method throws a `CountersignError` with the API's code. */
export interface CountersignClient {
  /**
   * Asks for a change.
   *
   * @param idempotencyKey - the same key with the same change answers the change that was made before; a fresh one when
   *   left out, so that a repeat of the call asks again
   * @throws CountersignError such as `invalid_request`, `open_change_exists`, `engine_unavailable` (safe to repeat with the same key)
   */
  request(change: NewChange, idempotencyKey?: string): Promise<ChangeView>;
  /** A change as it stands. @throws CountersignError `not_found` */
  change(id: string): Promise<ChangeView>;
  /** Changes that the token may read; the filters are the query of `GET /v1/changes`. */
  changes(filter?: Readonly<Record<string, string>>): Promise<ChangePage>;
  /** A change's entries of the audit log, in their order. */
  entries(id: string): Promise<readonly ShownEntry[]>;
  /** Approves or rejects what the digest was made of. @throws CountersignError such as `self_approval`, `digest_mismatch` */
  decide(
    id: string,
    decision: { readonly decision: 'approve' | 'reject'; readonly digest: string; readonly comment?: string },
  ): Promise<ChangeView>;
  /** Takes a change back, until its call starts. */
  withdraw(id: string, comment?: string): Promise<ChangeView>;
  /**
   * Waits for a change's end, which may take days. An API that is away or busy is asked again.
   *
   * @param signal - ends the waiting, with its reason; the change goes on
   */
  waitForEnd(id: string, signal?: AbortSignal): Promise<ChangeView>;
}

/**
 * Makes a client of an installation's HTTP API.
 *
 * @throws CountersignError `invalid_configuration` where the address is neither https nor loopback: a token is sent to it
 */
export function createClient({ url, token, fetch }: ClientOptions): CountersignClient {
  const address = URL.canParse(url) ? new URL(url) : null;
  if (address === null || !isSafeAddress(address)) {
    throw new CountersignError('invalid_configuration', `url: expected https or loopback, got ${url}`, {
      errors: [{ field: 'url', rule: 'https', message: 'expected an address by https, or on loopback' }],
    });
  }
  const api = apiClient(url.replace(/\/+$/, ''), token, fetch);
  const of = (id: string) => `/v1/changes/${encodeURIComponent(id)}`;
  return {
    request: (change, key = randomUUID()) => api.post('/v1/changes', change, { 'Idempotency-Key': key }),
    change: (id) => api.change(id),
    changes: (filter = {}) => api.list(new URLSearchParams(filter)),
    entries: (id) => api.events(id),
    decide: (id, decision) => api.post(`${of(id)}/decisions`, decision),
    withdraw: (id, comment = '') => api.post(`${of(id)}/withdrawal`, { comment }),
    waitForEnd: (id, signal) => waitForEnd(api, id, signal),
  };
}
