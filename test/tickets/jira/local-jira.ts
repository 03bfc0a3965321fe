import type { TicketReader, TicketSystem } from '../../../tickets/ticket-system.ts';
import { jiraSettings } from '../../../tickets/jira/settings.ts';
import type { JiraSettings } from '../../../tickets/jira/settings.ts';
import { makeJiraReader } from '../../../tickets/jira/reader.ts';
import { makeJiraSystem } from '../../../tickets/jira/system.ts';
import { startJira } from '../../../simulator/jira/server.ts';
import type { JiraOptions } from '../../../simulator/jira/server.ts';
import type { RestFault } from '../../../simulator/rest-endpoint.ts';

export const reading = {
  accountId: 'acc-reader',
  displayName: 'Countersign (reads)',
  email: 'reads@example.com',
  token: 'read-token',
  rights: ['BROWSE_PROJECTS'] as const,
};
export const writing = {
  accountId: 'acc-writer',
  displayName: 'Countersign',
  email: 'writes@example.com',
  token: 'write-token',
};
export const person = {
  accountId: 'acc-pat',
  displayName: 'Pat',
  email: 'pat@example.com',
  token: 'pat-token',
};

/** An issue as `GET /_sim/issues` tells it. */
export interface HeldIssue {
  readonly id: string;
  readonly key: string;
  readonly status: string;
  readonly resolution: string | null;
  readonly summary: string;
  readonly description: string;
  readonly labels: string[];
  readonly creator: string;
  readonly comments: { readonly author: string; readonly text: string }[];
  readonly remoteLinks: { readonly globalId: string; readonly object: { url: string; title: string } }[];
}

/** A local Jira with a reading and a writing login of ours, and a person. */
export async function localJira(
  deployment: 'cloud' | 'data_center' = 'cloud',
  more: Partial<JiraSettings> = {},
  options: Pick<JiraOptions, 'file' | 'port'> = {},
) {
  const endpoint = await startJira({ deployment, users: [reading, writing, person], ...options });
  const isCloud = deployment === 'cloud';
  const settings = jiraSettings.parse({
    kind: 'jira',
    url: endpoint.url,
    deployment,
    read: { ...(isCloud ? { user: reading.email } : {}), secretFile: 'unused' },
    write: { ...(isCloud ? { user: writing.email } : {}), secretFile: 'unused' },
    create: { project: 'OPS', issueType: 'Change' },
    searchLagSeconds: 5,
    ...more,
  });
  const reader: TicketReader = makeJiraReader('jira', settings, {
    fetch,
    secret: reading.token,
    deadlineMs: 2000,
  });
  const system: TicketSystem = makeJiraSystem('jira', settings, {
    fetch,
    secret: writing.token,
    deadlineMs: 2000,
  });

  async function control(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${endpoint.url}/_sim${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`the control interface answered ${response.status}`);
    return response.json();
  }
  const login = isCloud
    ? `Basic ${Buffer.from(`${person.email}:${person.token}`).toString('base64')}`
    : `Bearer ${person.token}`;
  return {
    endpoint,
    settings,
    reader,
    system,
    control,
    faults: (...faults: RestFault[]) => control('POST', '/faults', faults),
    issues: async () => ((await control('GET', '/issues')) as { issues: HeldIssue[] }).issues,
    calls: async () =>
      (
        (await control('GET', '/calls')) as {
          calls: { method: string; path: string; status: number | null }[];
        }
      ).calls,
    /** What a person does with the mouse. */
    async byHand(id: string, to: string, resolution?: string): Promise<void> {
      const url = `${endpoint.url}/rest/api/2/issue/${id}/transitions`;
      const headers = { authorization: login, 'content-type': 'application/json' };
      const { transitions } = (await (await fetch(url, { headers })).json()) as {
        transitions: { id: string; to: { name: string } }[];
      };
      const transition = transitions.find((one) => one.to.name === to);
      const fields = resolution === undefined ? {} : { fields: { resolution: { name: resolution } } };
      const body = JSON.stringify({ transition: { id: transition?.id }, ...fields });
      const { status } = await fetch(url, { method: 'POST', headers, body });
      if (status !== 204) throw new Error(`no step leads to ${to}: ${status}`);
    },
    stop: () => endpoint.close(),
  };
}
export type LocalJira = Awaited<ReturnType<typeof localJira>>;
