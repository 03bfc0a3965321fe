import { EventSourceParserStream } from 'eventsource-parser/stream';
import { z } from 'zod';
import type { ListedChangeAnswer } from '../api/change-answer.ts';
import type { EntryAnswer, OperationAnswer, PolicyExplanationAnswer } from '../api/answer-schemas.ts';
import type { ChangeView } from '../api/change-view.ts';
import type { ApiClient } from '../client/api-client.ts';

/**
 * The API's calls that an agent's tools can make, and no others: whatever the token allows beyond them, there is no way to it
 * from here.
 */
export interface AgentApi {
  operations(signal?: AbortSignal): Promise<readonly OperationAnswer[]>;
  explainPolicy(body: object, signal: AbortSignal): Promise<PolicyExplanationAnswer>;
  /** Asks for a change. @param key - the `Idempotency-Key` */
  submit(body: object, key: string, signal: AbortSignal): Promise<{ created: boolean; change: ChangeView }>;
  change(id: string, signal: AbortSignal): Promise<ChangeView>;
  list(query: URLSearchParams, signal: AbortSignal): Promise<ListedChanges>;
  /**
   * The entries of a change behind an index: those that are there, otherwise the next that come.
   *
   * @param after - an index; undefined: from the beginning
   * @param waitMs - how long at most for the first one
   * @param signal - ends the waiting
   */
  entries(id: string, after: number | undefined, waitMs: number, signal: AbortSignal): Promise<EntryAnswer[]>;
}

/** A page of changes. */
export interface ListedChanges {
  readonly items: readonly ListedChangeAnswer[];
  readonly nextCursor: string | null;
}

/** How long further entries are waited for, once one has come, ms: what happens at once is told at once. */
const togetherMs = 300;

/** Ids go into paths, so nothing else passes. */
const uuid = z.uuid();
const pathOf = (id: string) => `/v1/changes/${uuid.parse(id)}`;

/** The calls, made by a client that shows somebody's token. What they throw carries the API's code. */
export function agentApi({ send }: Pick<ApiClient, 'send'>): AgentApi {
  const get = async <T>(path: string, signal?: AbortSignal) =>
    (await (await send('GET', path, undefined, {}, signal)).json()) as T;
  return {
    operations: async (signal) => (await get<{ items: OperationAnswer[] }>('/v1/operations', signal)).items,
    explainPolicy: async (body, signal) =>
      (await (
        await send('POST', '/v1/policy-explanations', body, {}, signal)
      ).json()) as PolicyExplanationAnswer,
    async submit(body, key, signal) {
      const answer = await send('POST', '/v1/changes', body, { 'Idempotency-Key': key }, signal);
      return { created: answer.status === 201, change: (await answer.json()) as ChangeView };
    },
    change: (id, signal) => get(pathOf(id), signal),
    list: (query, signal) => get(`/v1/changes?${query.toString()}`, signal),
    async entries(id, after, waitMs, signal) {
      if (waitMs === 0) {
        const { items } = await get<{ items: EntryAnswer[] }>(`${pathOf(id)}/events`, signal);
        return items.filter(({ index }) => index !== null && index > (after ?? -1));
      }
      const leaving = new AbortController();
      const stop = () => leaving.abort();
      let timer = setTimeout(stop, waitMs);
      const found: EntryAnswer[] = [];
      try {
        const headers = {
          accept: 'text/event-stream',
          ...(after === undefined ? {} : { 'last-event-id': String(after) }),
        };
        const stream = await send(
          'GET',
          `${pathOf(id)}/events`,
          undefined,
          headers,
          AbortSignal.any([signal, leaving.signal]),
        );
        const events = stream.body
          ?.pipeThrough(new TextDecoderStream())
          .pipeThrough(new EventSourceParserStream());
        for await (const { data } of events ?? []) {
          found.push(JSON.parse(data) as EntryAnswer);
          if (found.length > 1) continue;
          clearTimeout(timer);
          timer = setTimeout(stop, togetherMs);
        }
      } catch (error) {
        // Whoever waits no longer has closed the stream.
        if (!leaving.signal.aborted) throw error;
      } finally {
        clearTimeout(timer);
        leaving.abort();
      }
      return found;
    },
  };
}
