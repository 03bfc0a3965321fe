import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeView } from '../api/change-view.ts';
import { CountersignError } from '../domain/error.ts';
import { apiClient } from '../client/api-client.ts';
import { runningStack } from './running-stack.ts';
import { demoJiraPerson } from './embedded-systems.ts';
import type { LocalSystems } from './embedded-systems.ts';
import type { Environment } from './environment.ts';
import { renderChange } from './render.ts';
import { assertDemoUsers } from './run-demo.ts';
import { sendJson } from './send-json.ts';
import { waitFor } from './wait-for.ts';

/** An instance whose changes need a ticket, by the demo's policy. */
const ticketedInstance = 'post-cn-ticket0001';
const patienceMs = 90_000;
/** How long the ticket system is away, s. */
const awaySeconds = 6;

/**
 * `countersign demo --ticket`: a ticket of the local Jira, a change under it, one approval by the API and one in the local
 * Slack; the ticket system goes away before the call, which waits for it; then the ticket is done and says what was done.
 */
export async function runTicketDemo(env: Environment, out: (line: string) => void): Promise<void> {
  const running = await runningStack(env);
  if (running?.simulator == null || running.systems == null) {
    throw new CountersignError(
      'invalid_configuration',
      'the demo needs a stack with its own local systems: npm start, in another terminal',
    );
  }
  assertDemoUsers(running);
  const { systems } = running;
  const { fetchDemoToken } = await import('../embedded/identity-provider.ts');
  const clientOf = async (user: string) => apiClient(running.api, await fetchDemoToken(running.issuer, user));
  const [alice, carol] = await Promise.all([clientOf('alice'), clientOf('carol')]);
  const sn = `TICKET${Date.now()}`;
  await sendJson('PUT', `${running.simulator}/_sim/certificates`, {
    ...{ mqttInstanceId: ticketedInstance, sn, caName: 'factory-line-ticket', status: '0' },
  });

  const key = await newTicket(systems, `Reactivate CA certificate ${sn}`);
  out(`alice makes ticket ${key} in Jira: ${systems.jira}/browse/${key}`);
  const { id } = await alice.post<ChangeView>(
    '/v1/changes',
    {
      operation: 'ActiveCaCertificate',
      input: { regionId: 'cn-hangzhou', mqttInstanceId: ticketedInstance, sn },
      justification: 'Line 9 was moved to the new gateway; its devices must connect again.',
      ticket: { system: 'jira', id: key, url: `${systems.jira}/browse/${key}` },
    },
    { 'Idempotency-Key': randomUUID() },
  );
  out(`alice asks for change ${id} under it; its policy asks two people`);
  const shown = await until(
    () => alice.change(id),
    ({ digest }) => digest !== null,
  );
  await carol.post(`/v1/changes/${id}/decisions`, {
    ...{ decision: 'approve', digest: shown.digest, comment: 'Seen the ticket.' },
  });
  out('carol approves by the API');
  await sendJson('POST', `${systems.jira}/_sim/outages`, { seconds: awaySeconds });
  out(`Jira goes away for ${awaySeconds} s: no call is made without a look at the ticket`);
  await approveInSlack(systems, id);
  out('bob presses Approve in Slack, and says why in the form that opens');
  const end = await until(
    () => alice.change(id),
    ({ closedAt }) => closedAt !== null,
  );
  out('');
  for (const line of renderChange(end)) out(line);
  if (end.executionStatus !== 'succeeded') {
    throw new CountersignError('internal_error', `the demo ended ${end.executionStatus}`);
  }
  const ticket = await until(
    () => readTicket(systems, key),
    ({ state }) => state === 'done',
  );
  out('');
  out(`ticket ${key} is ${ticket.status}; what stands on it:`);
  for (const line of ticket.comments.flatMap((comment) => comment.split('\n'))) out(`  ${line}`);
  out('');
  out(`the message in Slack, edited to what was decided: ${systems.slack}/_sim`);
}

/** A ticket as a person makes one. */
async function newTicket({ jira }: LocalSystems, summary: string): Promise<string> {
  const { key } = (await sendJson(
    'POST',
    `${jira}/rest/api/3/issue`,
    { fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary } },
    asAlice,
  )) as { key: string };
  return key;
}

interface ReadTicket {
  readonly status: string;
  /** `new`, `indeterminate` or `done`. */
  readonly state: string;
  readonly comments: readonly string[];
}

async function readTicket({ jira }: LocalSystems, key: string): Promise<ReadTicket> {
  const issue = (await sendJson(
    'GET',
    `${jira}/rest/api/2/issue/${key}?fields=status,comment`,
    null,
    asAlice,
  )) as {
    fields: {
      status: { name: string; statusCategory: { key: string } };
      comment?: { comments: { body: string }[] };
    };
  };
  const { status, comment } = issue.fields;
  return {
    status: status.name,
    state: status.statusCategory.key,
    comments: (comment?.comments ?? []).map(({ body }) => body),
  };
}

const asAlice = {
  authorization: `Basic ${Buffer.from(`${demoJiraPerson.email}:${demoJiraPerson.token}`).toString('base64')}`,
};

/** What bob does: the button of the change's message, then the form. */
async function approveInSlack({ slack }: LocalSystems, changeId: string): Promise<void> {
  const message = await until(
    async () => (await messages(slack)).find((one) => JSON.stringify(one).includes(changeId)) ?? null,
    (found) => found !== null,
  );
  await until(
    async () => {
      await sendJson('POST', `${slack}/_sim/clicks`, {
        ...{ user: 'U0BOB', ts: message?.ts, actionId: 'countersign.approve' },
      });
      await delay(1500);
      const sent = (await sendJson('POST', `${slack}/_sim/submissions`, {
        ...{ user: 'U0BOB', comment: 'The line is ready.' },
      }).catch(() => ({ status: 404 }))) as { status?: number };
      return sent.status ?? 0;
    },
    (status) => status === 200,
  );
}

async function messages(slack: string): Promise<readonly { readonly ts: string }[]> {
  const { channels } = (await sendJson('GET', `${slack}/_sim/workspace`, null)) as {
    channels: { messages: { ts: string }[] }[];
  };
  return channels.flatMap((channel) => channel.messages);
}

/** What is asked for, once it is as it should be. The ticket system may be away meanwhile. */
function until<T>(ask: () => Promise<T>, holds: (found: T) => boolean): Promise<T> {
  return waitFor(async () => {
    const found = await ask().catch((error: unknown) => {
      if (error instanceof CountersignError) throw error;
      return null;
    });
    return found !== null && holds(found) ? found : null;
  }, patienceMs);
}
