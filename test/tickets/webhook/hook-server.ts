import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as it came. */
export interface Hook {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A receiver of webhooks on loopback. */
export interface HookServer {
  readonly url: string;
  readonly received: Hook[];
  stop(): Promise<void>;
}

/**
 * Starts one that answers as it is told, by the number of the message, from 1: a status, or null for no answer at all. What it
 * answers may take its time.
 */
export async function startHookServer(
  answer: (nth: number, hook: Hook) => number | null | Promise<number | null> = () => 200,
  answerHeaders: Readonly<Record<string, string>> = {},
): Promise<HookServer> {
  const received: Hook[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const hook: Hook = {
        headers: req.headers as Record<string, string>,
        body,
        json: JSON.parse(body) as Hook['json'],
      };
      received.push(hook);
      void Promise.resolve(answer(received.length, hook)).then((status) => {
        if (status !== null) res.writeHead(status, answerHeaders).end('ok');
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    received,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
