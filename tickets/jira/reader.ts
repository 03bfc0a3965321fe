import type { TicketRead } from '../../domain/ticket-read.ts';
import { RemoteError } from '../remote-error.ts';
import type { Account, TicketReader } from '../ticket-system.ts';
import {
  accountAnswer,
  accountId,
  approvalsAnswer,
  expected,
  issueAnswer,
  permissionsAnswer,
} from './answers.ts';
import { makeJiraClient } from './client.ts';
import type { JiraClient, JiraDependencies } from './client.ts';
import { makeFieldIds } from './field-ids.ts';
import { baseFields, ticketOf } from './issue.ts';
import type { JiraSettings } from './settings.ts';

const rights = [
  'BROWSE_PROJECTS',
  'CREATE_ISSUES',
  'TRANSITION_ISSUES',
  'ADD_COMMENTS',
  'LINK_ISSUES',
] as const;
const ticketName = /^(?:\d{1,18}|[A-Za-z][A-Za-z0-9_]{0,99}-\d{1,18})$/;
const mostApprovalPages = 20;

/** Reads issues with the login `read`. @param name - the system's name in COUNTERSIGN_INTEGRATIONS */
export function makeJiraReader(
  name: string,
  settings: JiraSettings,
  dependencies: JiraDependencies,
): TicketReader {
  return readerOver(name, settings, makeJiraClient(settings, settings.read.user, dependencies), dependencies);
}

/** A reader with a client of any login. */
export function readerOver(
  name: string,
  settings: JiraSettings,
  client: JiraClient,
  { now = Date.now }: Pick<JiraDependencies, 'now'>,
): TicketReader {
  const fieldIds = makeFieldIds(client, now);
  return {
    async read(id, names, signal) {
      // Anything else would be another path.
      if (!ticketName.test(id)) return null;
      const what = 'read an issue';
      const fields = await fieldIds(names, signal);
      const query = { fields: [...baseFields, ...Object.values(fields)].join(',') };
      const path = `issue/${encodeURIComponent(id)}`;
      const answer = await orNull(client({ what, method: 'GET', path, query, signal }));
      if (answer === null) return null;
      const issue = expected(issueAnswer, answer, what);
      const approved = settings.approvals ? await approvalOf(client, issue.id, signal) : null;
      return ticketOf(name, settings, issue, fields, approved);
    },
    account: (signal) => accountOf(client, settings, signal),
  };
}

/** An answer, or null where it is not there, or hidden. */
async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RemoteError && error.fault === 'not_found') return null;
    throw error;
  }
}

/** Whether each approval of a request has been given; null where it asks for none. */
async function approvalOf(client: JiraClient, id: string, signal: AbortSignal): Promise<boolean | null> {
  const what = 'read the approvals of an issue';
  const path = `/rest/servicedeskapi/request/${id}/approval`;
  const decisions: string[] = [];
  for (let page = 0; page < mostApprovalPages; page++) {
    const query = { start: String(decisions.length) };
    const answer = await orNull(client({ what, method: 'GET', path, query, signal }));
    // No request of a service desk.
    if (answer === null) return null;
    const { isLastPage, values } = expected(approvalsAnswer, answer, what);
    decisions.push(...values.map(({ finalDecision }) => finalDecision));
    if (isLastPage || values.length === 0) {
      return decisions.length === 0 ? null : decisions.every((decision) => decision === 'approved');
    }
  }
  // Nobody can say what the rest is.
  return false;
}

/** Whose login it is; the rights are those in the project where tickets are made, otherwise in any. */
async function accountOf(client: JiraClient, settings: JiraSettings, signal: AbortSignal): Promise<Account> {
  const what = 'read the own account';
  const me = expected(accountAnswer, await client({ what, method: 'GET', path: 'myself', signal }), what);
  const id = accountId(me);
  if (id === null) throw new RemoteError('unreachable', `Jira named no account: ${what}`);
  const asked = 'read the own rights';
  const { permissions } = expected(
    permissionsAnswer,
    await client({
      what: asked,
      method: 'GET',
      path: 'mypermissions',
      query: {
        permissions: rights.join(','),
        ...(settings.create ? { projectKey: settings.create.project } : {}),
      },
      signal,
    }),
    asked,
  );
  return {
    id,
    name: me.displayName ?? id,
    rights: rights.map((name) => ({ name, has: permissions[name]?.havePermission === true })),
  };
}

/** A ticket that is surely there. @throws RemoteError `unreachable` where it is not */
export async function readAgain(reader: TicketReader, id: string, signal: AbortSignal): Promise<TicketRead> {
  const ticket = await reader.read(id, [], signal);
  if (ticket === null)
    throw new RemoteError('unreachable', 'Jira does not show an issue that it has just made');
  return ticket;
}
