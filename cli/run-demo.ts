import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeView } from '../api/view.ts';
import { CountersignError } from '../domain/error.ts';
import { apiClient, runningStack } from './api-client.ts';
import { demoInstance } from './embedded-stack.ts';
import type { Environment } from './environment.ts';
import { changeLines, entryLine } from './story.ts';

const patienceMs = 60_000;

/** `countersign demo`: one change through an approval by another person, two 500s and a success, told from the log. */
export async function runDemo(env: Environment, out: (line: string) => void): Promise<void> {
  const running = await runningStack(env);
  if (running?.simulator == null) {
    throw new CountersignError(
      'invalid_configuration',
      'the demo needs a stack with its own simulator: npm start, in another terminal',
    );
  }
  const { fetchDemoToken } = await import('../embedded/identity-provider.ts');
  const [alice, bob] = await Promise.all(
    ['alice', 'bob'].map(async (user) => apiClient(running.api, await fetchDemoToken(running.issuer, user))),
  );
  if (!alice || !bob) return;
  const sn = `DEMO${Date.now()}`;
  await control(running.simulator, 'PUT', '/_sim/certificates', {
    mqttInstanceId: demoInstance,
    sn,
    caName: 'factory-line-demo',
    status: '0',
  });
  await control(running.simulator, 'POST', '/_sim/faults', { action: 'ActiveCaCertificate', sn, times: 2 });

  out(`alice asks to reactivate CA certificate ${sn} of ${demoInstance}`);
  let change = await alice.post<ChangeView>(
    '/v1/changes',
    {
      operation: 'ActiveCaCertificate',
      input: { regionId: 'cn-hangzhou', mqttInstanceId: demoInstance, sn },
      justification: 'Line 4 was moved to the new gateway; its devices must connect again.',
      ticket: { system: 'demo', id: 'CHG-1' },
    },
    { 'Idempotency-Key': randomUUID() },
  );
  change = await until(alice, change.id, (c) => c.digest !== null);
  out(`bob sees the certificate as it is: ${JSON.stringify(change.snapshot)}`);
  out(`bob approves digest ${change.digest ?? ''}`);
  await bob.post(`/v1/changes/${change.id}/decisions`, {
    decision: 'approve',
    digest: change.digest,
    comment: 'Checked with the plant.',
  });
  out('the endpoint answers two 500s before it gives in; Temporal retries');
  change = await until(alice, change.id, (c) => c.closedAt !== null);
  out('');
  for (const line of changeLines(change)) out(line);
  out('');
  out('the audit log of this change:');
  const entries = await poll(async () => {
    const found = await alice.events(change.id);
    return found.every((entry) => entry.index !== null) ? found : null;
  });
  for (const entry of entries) out(entryLine(entry));
  if (change.executionStatus !== 'succeeded') {
    throw new CountersignError('internal_error', `the demo ended ${change.executionStatus}`);
  }
}

async function until(
  client: ReturnType<typeof apiClient>,
  id: string,
  holds: (change: ChangeView) => boolean,
): Promise<ChangeView> {
  return poll(async () => {
    const change = await client.change(id);
    if (change.closedAt !== null && !holds(change)) {
      throw new CountersignError('internal_error', `the change ended: ${change.outcome?.message ?? ''}`);
    }
    return holds(change) ? change : null;
  });
}

async function poll<T>(ask: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await ask();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new CountersignError('outcome_not_known', 'the demo took too long');
    await delay(200);
  }
}

async function control(simulator: string, method: string, path: string, body: object): Promise<void> {
  const response = await fetch(`${simulator}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok)
    throw new CountersignError('internal_error', `the simulator refused: ${await response.text()}`);
}
