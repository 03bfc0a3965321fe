import type { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { RemoteError } from '../remote-error.ts';
import type { RemoteFault } from '../remote-error.ts';
import { makeClickAnswers } from './answer-clicks.ts';
import type { ClickDependencies } from './answer-clicks.ts';
import { callJson } from './call.ts';
import { connect } from './connection.ts';
import type { Connection } from './connection.ts';
import { answerTo, cardTopic, frameIn } from './frames.ts';
import type { Frame } from './frames.ts';

/** What a Stream tells whoever runs it. Nothing of it is a secret. */
export type StreamEvent =
  | { readonly kind: 'connected' }
  /** DingTalk is about to close it, as it does from time to time; another connection is opened first. */
  | { readonly kind: 'leaving' }
  | { readonly kind: 'lost' }
  | {
      readonly kind: 'failed';
      readonly fault: RemoteFault;
      readonly message: string;
      readonly nextInMs: number;
    };

/** How to start a Stream. */
export interface StreamOptions extends ClickDependencies {
  /** Where DingTalk's API is, without a path. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly fetch: typeof globalThis.fetch;
  /** For the WebSocket, where it has to go through a proxy. */
  readonly agent?: Agent;
  readonly report?: (event: StreamEvent) => void;
  /** Pauses between attempts, ms: they double from the first to the longest. Default 1000 and 60,000. */
  readonly pauses?: { readonly firstMs: number; readonly longestMs: number };
  readonly pingEveryMs?: number;
  /** 0 to 1; for the pauses. */
  readonly random?: () => number;
}

/** A running Stream: DingTalk pushes clicks on cards over a connection that we open, so no port of ours is open to it. */
export interface DingTalkStream {
  /** Whether it is connected now. */
  isConnected(): boolean;
  close(): Promise<void>;
}

/** DingTalk closes a connection 10 s after it has said so. */
const leavingMs = 15_000;

/** See {@link DingTalkStream}. It goes on trying until it is closed. */
export function startDingTalkStream(options: StreamOptions): DingTalkStream {
  const { report, pauses = { firstMs: 1000, longestMs: 60_000 }, random = Math.random } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const answerClick = makeClickAnswers(options);
  const connections = new Set<Connection>();

  async function run(): Promise<void> {
    for (let failures = 0; !signal.aborted; failures += 1) {
      let pauseMs = pauseAfter(failures, pauses, random());
      try {
        const { end, worked } = await listen();
        if (worked) {
          failures = 0;
          pauseMs = end === 'leaving' ? 0 : pauseAfter(0, pauses, random());
        }
      } catch (error) {
        if (signal.aborted) return;
        const { fault, message } = error instanceof RemoteError ? error : faultOfOurs;
        report?.({ kind: 'failed', fault, message, nextInMs: pauseMs });
      }
      await wait(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One connection, until it is lost or DingTalk is about to close it. `worked`: something was heard over it. */
  async function listen(): Promise<{ readonly end: 'lost' | 'leaving'; readonly worked: boolean }> {
    const { address } = await openStream(options, signal);
    let leave: (() => void) | undefined;
    let worked = false;
    const isHeard = () => {
      worked = true;
    };
    const leaving = new Promise<'leaving'>((resolve) => {
      leave = () => resolve('leaving');
    });
    const connection = await connect(address, {
      agent: options.agent,
      pingEveryMs: options.pingEveryMs ?? 30_000,
      onText(text, from) {
        const frame = frameIn(text);
        if (frame === null) return;
        if (frame.type === 'SYSTEM' && frame.topic === 'disconnect') {
          leave?.();
          return;
        }
        isHeard();
        void answerOf(frame).then((answer) => from.send(answer));
      },
    });
    connections.add(connection);
    const lost = connection.closed.then((): 'lost' => {
      connections.delete(connection);
      return 'lost';
    });
    if (signal.aborted) connection.close();
    else report?.({ kind: 'connected' });
    const end = await Promise.race([lost, leaving]);
    if (!signal.aborted) report?.({ kind: end });
    // What is pushed until DingTalk closes it is still answered.
    if (end === 'leaving') {
      const timer = setTimeout(() => connection.close(), leavingMs);
      void lost.then(() => clearTimeout(timer));
    }
    return { end, worked };
  }

  async function answerOf(frame: Frame): Promise<string> {
    if (frame.type === 'SYSTEM') return answerTo(frame, 200, frame.data);
    const isClick = frame.type === 'CALLBACK' && frame.topic === cardTopic;
    return isClick ? await answerClick(frame) : answerTo(frame, 404, '{"response":null}');
  }

  const running = run();
  return {
    isConnected: () => connections.size > 0,
    async close() {
      stopping.abort();
      for (const connection of connections) connection.close();
      await running;
    },
  };
}

const faultOfOurs = { fault: 'unreachable', message: 'the Stream could not be opened' } as const;

/** How long the next attempt waits, ms. @param failures - before it, in a row @param random - 0 to 1 */
export function pauseAfter(
  failures: number,
  { firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number },
  random: number,
): number {
  const full = Math.min(firstMs * 2 ** Math.min(failures, 20), longestMs);
  // Many that lost DingTalk at once must not come back at once.
  return Math.round(full * (0.5 + random / 2));
}

/** Asks DingTalk where to connect to; the ticket in the address is good for one connection. */
async function openStream(
  { url, clientId, clientSecret, fetch }: StreamOptions,
  signal: AbortSignal,
): Promise<{ readonly address: URL }> {
  const { endpoint, ticket } = await callJson(fetch, {
    method: 'POST',
    url: `${url.replace(/\/+$/, '')}/v1.0/gateway/connections/open`,
    body: {
      clientId,
      clientSecret,
      subscriptions: [{ type: 'CALLBACK', topic: cardTopic }],
      ua: 'countersign/1',
    },
    signal,
  });
  if (typeof endpoint !== 'string' || typeof ticket !== 'string' || !URL.canParse(endpoint)) {
    throw new RemoteError('unreachable', 'DingTalk named no place to connect to', { httpStatus: 200 });
  }
  const address = new URL(endpoint);
  // The ticket stands for the app: it is shown to nobody on the way. A local endpoint has no certificate.
  const isLocal = new URL(url).protocol === 'http:' && address.hostname === new URL(url).hostname;
  if (address.protocol !== 'wss:' && !(isLocal && address.protocol === 'ws:')) {
    throw new RemoteError('refused', 'DingTalk named a place without TLS', { httpStatus: 200 });
  }
  address.searchParams.set('ticket', ticket);
  return { address };
}
