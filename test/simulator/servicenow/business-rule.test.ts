import { createSecretKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startServiceNow } from '../../../simulator/servicenow/server.ts';
import { verifyServiceNow, webhookKey } from '../../../tickets/servicenow/webhook.ts';
import { putRecords } from './control.ts';

const secret = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64');
const keys = [webhookKey(secret) ?? createSecretKey(Buffer.alloc(0))];

/** What comes to an address of this machine. */
async function received() {
  const came: { raw: Buffer; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      came.push({ raw: Buffer.concat(chunks), headers: request.headers });
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { came, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

test.each([1, 2])('a change by a person is told, signed, %i times whatever the answer', async (times) => {
  const { came, url } = await received();
  const endpoint = await startServiceNow({ settings: { webhook: { url, secret, times } } });
  onTestFinished(() => endpoint.close());
  const [row] = await putRecords(endpoint.url, { table: 'change_request', values: {}, by: 'iris.lane' });
  const ticket = row?.['sys_id'] ?? '';
  const answer = await fetch(`${endpoint.url}/api/sn_chg_rest/v1/change/${ticket}`, {
    method: 'PATCH',
    headers: { authorization: `Basic ${Buffer.from('iris.lane:iris-secret').toString('base64')}` },
    body: JSON.stringify({ state: '-4' }),
  });
  expect(answer.status).toBe(200);
  await vi.waitFor(() => expect(came).toHaveLength(times), 20_000);
  const verdicts = came.map(({ raw, headers }) =>
    verifyServiceNow(
      { raw, headers: headers as Record<string, string>, now: Date.now() },
      { keys, own: ['countersign'] },
    ),
  );
  expect(verdicts).toEqual(
    Array.from({ length: times }, () => ({
      kind: 'hint',
      deliveryId: came[0]?.headers['webhook-id'],
      ticket,
      key: 'CHG0030001',
      account: 'iris.lane',
    })),
  );
});
