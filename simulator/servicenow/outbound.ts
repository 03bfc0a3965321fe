import { createHmac, randomUUID } from 'node:crypto';
import type { Instance, Row } from './instance.ts';

/**
 * Sends what docs/servicenow.md's business rule sends once a change request was changed: one request, signed, and no repeat
 * whatever comes of it.
 */
export async function tell(instance: Instance, row: Row): Promise<void> {
  const { webhook } = instance.held.settings;
  if (webhook === null) return;
  const body = JSON.stringify({
    table: 'change_request',
    sys_id: row['sys_id'],
    number: row['number'],
    updated_by: row['sys_updated_by'],
  });
  const id = randomUUID();
  const timestamp = String(Math.floor(instance.now() / 1000));
  const key = Buffer.from(webhook.secret, 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  for (let nth = 0; nth < (webhook.times ?? 1); nth += 1) {
    await fetch(webhook.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
      body,
      signal: AbortSignal.timeout(10_000),
    }).then(
      (response) => response.body?.cancel(),
      () => undefined,
    );
  }
}
