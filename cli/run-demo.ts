import { randomUUID } from 'node:crypto';
import type { ChangeView } from '../api/change-view.ts';
import { CountersignError } from '../domain/error.ts';
import type { JsonObject } from '../domain/json.ts';
import { apiClient } from '../client/api-client.ts';
import { runningStack } from './running-stack.ts';
import type { ApiClient } from '../client/api-client.ts';
import { consoleChangeUrl } from './change-link.ts';
import { demoInstance } from './embedded-stack.ts';
import type { Environment } from './environment.ts';
import { renderChange, renderEntry, renderSnapshot } from './render.ts';
import type { Running } from './run-start.ts';
import { sendJson } from './send-json.ts';
import { waitFor } from './wait-for.ts';

const patienceMs = 60_000;

/**
 * `countersign demo`: two changes, told from the log. A CA certificate is reactivated, through two 500s; then one device's
 * certificate under it is inactivated.
 */
export async function runDemo(env: Environment, out: (line: string) => void): Promise<void> {
  const running = await runningStack(env);
  if (running?.simulator == null) {
    throw new CountersignError(
      'invalid_configuration',
      'the demo needs a stack with its own simulator: npm start, in another terminal',
    );
  }
  assertDemoUsers(running);
  const { fetchDemoToken } = await import('../embedded/identity-provider.ts');
  const clientOf = async (user: string) => apiClient(running.api, await fetchDemoToken(running.issuer, user));
  const people = { alice: await clientOf('alice'), bob: await clientOf('bob') };
  const sn = `DEMO${Date.now()}`;
  const deviceSn = `${sn}-PUMP-7`;
  await sendJson('PUT', `${running.simulator}/_sim/certificates`, {
    mqttInstanceId: demoInstance,
    sn,
    caName: 'factory-line-demo',
    status: '0',
    deviceCertificates: [{ deviceSn, deviceName: 'pump-7', status: '1' }],
  });
  const faults = { action: 'ActiveCaCertificate', sn, times: 2 };
  await sendJson('POST', `${running.simulator}/_sim/faults`, faults);
  const where = { regionId: 'cn-hangzhou', mqttInstanceId: demoInstance };

  out(`alice asks to reactivate CA certificate ${sn} of ${demoInstance}`);
  await tell(out, people, running.console, {
    operation: 'ActiveCaCertificate',
    input: { ...where, sn },
    justification: 'Line 4 was moved to the new gateway; its devices must connect again.',
    ticket: { system: 'demo', id: 'CHG-1' },
    meanwhile: 'the endpoint answers two 500s before it gives in; Temporal retries',
  });
  out('');
  out(`one device of that line is lost: alice asks to inactivate its certificate, ${deviceSn}`);
  await tell(out, people, running.console, {
    operation: 'InactivateDeviceCertificate',
    input: { ...where, caSn: sn, deviceSn },
    justification: 'Pump 7 was not on the truck when line 4 arrived.',
    ticket: { system: 'demo', id: 'CHG-2' },
    meanwhile: 'its CA certificate stays active, so the other devices stay connected',
  });
}

/**
 * The people of a demo are the demo provider's.
 * @throws CountersignError `invalid_configuration` where the stack has another provider
 */
export function assertDemoUsers({ demoClient, issuer }: Pick<Running, 'demoClient' | 'issuer'>): void {
  if (demoClient !== null) return;
  throw new CountersignError(
    'invalid_configuration',
    `the demo acts as alice and bob, whom ${issuer} does not know: it needs a start without OIDC_ISSUER`,
  );
}

/** What alice asks for in the demo. */
interface Asked {
  readonly operation: string;
  readonly input: JsonObject;
  readonly justification: string;
  readonly ticket: JsonObject;
  /** What happens once it is approved. */
  readonly meanwhile: string;
}

/** One change, from alice's request over bob's approval to its end, with its entries. */
async function tell(
  out: (line: string) => void,
  { alice, bob }: Readonly<Record<'alice' | 'bob', ApiClient>>,
  console: string,
  { meanwhile, ...asked }: Asked,
): Promise<void> {
  const { id } = await alice.post<ChangeView>('/v1/changes', asked, { 'Idempotency-Key': randomUUID() });
  out(`people find it at ${consoleChangeUrl(new URL(console), id)}`);
  let change = await until(alice, id, (c) => c.digest !== null);
  out('bob sees the certificate as it is:');
  for (const line of renderSnapshot(change)) out(line);
  out(`bob approves digest ${change.digest ?? ''}`);
  await bob.post(`/v1/changes/${id}/decisions`, {
    decision: 'approve',
    digest: change.digest,
    comment: 'Checked with the plant.',
  });
  out(meanwhile);
  change = await until(alice, id, (c) => c.closedAt !== null);
  out('');
  for (const line of renderChange(change)) out(line);
  out('');
  out('the audit log of this change:');
  const entries = await waitFor(async () => {
    const found = await alice.events(id);
    return found.every((entry) => entry.index !== null) ? found : null;
  }, patienceMs);
  for (const entry of entries) out(renderEntry(entry));
  if (change.executionStatus !== 'succeeded') {
    throw new CountersignError('internal_error', `the demo ended ${change.executionStatus}`);
  }
}

async function until(
  client: ApiClient,
  id: string,
  holds: (change: ChangeView) => boolean,
): Promise<ChangeView> {
  return waitFor(async () => {
    const change = await client.change(id);
    if (change.closedAt !== null && !holds(change)) {
      throw new CountersignError('internal_error', `the change ended: ${change.outcome?.message ?? ''}`);
    }
    return holds(change) ? change : null;
  }, patienceMs);
}
