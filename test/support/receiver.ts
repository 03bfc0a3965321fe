import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const webhookSecret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

/** What a receiver got. */
export interface Received {
  readonly id: string;
  /** Whether the signature is that of the secret over what came, and the timestamp is of now. */
  readonly genuine: boolean;
  readonly body: {
    readonly type: string;
    readonly timestamp: string;
    readonly data: {
      readonly change: Record<string, unknown>;
      readonly audience: { groups: unknown[]; people: unknown[] };
    };
  };
}

/** A receiver of webhooks on loopback that answers as it is told: a status, or null for no answer at all. */
export async function startReceiver(answer: (received: Received, nth: number) => number | null) {
  const received: Received[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) =>
        String(req.headers[`webhook-${name}`]),
      );
      const key = Buffer.from(webhookSecret.slice('whsec_'.length), 'base64');
      const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${text}`).digest('base64');
      const message: Received = {
        id: id ?? '',
        genuine: signature === `v1,${expected}` && Math.abs(Date.now() / 1000 - Number(timestamp)) < 60,
        body: JSON.parse(text) as Received['body'],
      };
      received.push(message);
      const status = answer(message, received.length);
      if (status !== null) res.writeHead(status).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/secret-path`,
    received,
    stop: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
