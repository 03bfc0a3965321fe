import type { Answer } from '../answer.ts';
import { header } from '../incoming.ts';
import type { Incoming } from '../incoming.ts';
import { startRestEndpoint } from '../rest-endpoint.ts';
import type { RestEndpoint, RestEndpointOptions } from '../rest-endpoint.ts';
import { getProject, listApprovals, listFields, myPermissions, myself, serverInfo } from './about.ts';
import { addComment, listComments, listRemoteLinks, putRemoteLink } from './comments.ts';
import { jiraControl } from './control.ts';
import { createIssue, editIssue, getIssue } from './issues.ts';
import { keepIn, takeUp } from './kept-file.ts';
import { jiraPage } from './page.ts';
import { renderUser } from './render.ts';
import { jiraError } from './respond.ts';
import type { Asked } from './respond.ts';
import { searchByNumber, searchByToken } from './search.ts';
import { issueOf } from './state.ts';
import type { CustomField, JiraProject, JiraState, JiraUser } from './state.ts';
import { doTransition, getTransitions } from './steps.ts';
import { makeWebhooks } from './webhooks.ts';

/** How to start a local Jira. */
export interface JiraOptions extends Pick<RestEndpointOptions, 'port' | 'tls'> {
  readonly deployment?: 'cloud' | 'data_center';
  readonly users?: readonly JiraUser[];
  readonly projects?: readonly JiraProject[];
  readonly fields?: readonly CustomField[];
  /** How long a search does not see what was written, ms; default 0. */
  readonly searchLagMs?: number;
  /** A file that keeps projects, fields and issues over a restart; without one they are forgotten. */
  readonly file?: string;
}

const defaultProjects: readonly JiraProject[] = [
  { key: 'OPS', name: 'Operations', workflow: 'change', types: ['Change', 'Task'] },
  { key: 'TEAM', name: 'A team', workflow: 'simple', types: ['Change', 'Task'] },
];
const defaultFields: readonly CustomField[] = [
  { id: 'customfield_10101', name: 'Planned start' },
  { id: 'customfield_10102', name: 'Planned end' },
  { id: 'customfield_10103', name: 'Certificate' },
];

type Handler = (asked: Asked, id: string) => Answer;
const routes: readonly (readonly [pattern: RegExp, methods: Readonly<Record<string, Handler>>])[] = [
  [/^issue$/, { POST: createIssue }],
  [/^issue\/([^/]+)$/, { GET: getIssue, PUT: editIssue }],
  [/^issue\/([^/]+)\/transitions$/, { GET: getTransitions, POST: doTransition }],
  [/^issue\/([^/]+)\/comment$/, { GET: listComments, POST: addComment }],
  [/^issue\/([^/]+)\/remotelink$/, { GET: listRemoteLinks, POST: putRemoteLink }],
  [/^myself$/, { GET: myself }],
  [/^mypermissions$/, { GET: myPermissions }],
  [/^serverInfo$/, { GET: serverInfo }],
  [/^field$/, { GET: listFields }],
  [/^project\/([^/]+)$/, { GET: getProject }],
];

function userOf({ users, deployment }: JiraState, incoming: Incoming): JiraUser | undefined {
  const [scheme = '', given = ''] = (header(incoming, 'authorization') ?? '').split(' ');
  if (deployment === 'data_center') {
    return scheme.toLowerCase() === 'bearer' ? users.find(({ token }) => token === given) : undefined;
  }
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const login = Buffer.from(given, 'base64').toString('utf8');
  return users.find(({ email, token }) => login === `${email}:${token}`);
}

/** The page of one issue, which everybody on this machine may see. */
function pageOf(state: JiraState, key: string): Answer {
  const issue = issueOf(state, decodeURIComponent(key));
  const body = jiraPage(state, issue === undefined ? [] : [issue]);
  return { status: issue === undefined ? 404 : 200, contentType: 'text/html; charset=utf-8', body };
}

/** Counts the calls of the last second; answers what every answer says of the limit, and a 429 above it. */
function makeLimit({ controls }: JiraState) {
  let recent: number[] = [];
  return (): { headers: Readonly<Record<string, string>>; refused: Answer | null } => {
    const { callsPerSecond } = controls;
    if (callsPerSecond === null) return { headers: {}, refused: null };
    const now = Date.now();
    recent = recent.filter((at) => at > now - 1000);
    const reset = new Date(now + 1000).toISOString();
    const left = callsPerSecond - recent.length - 1;
    const headers = {
      'x-ratelimit-limit': String(callsPerSecond),
      'x-ratelimit-remaining': String(Math.max(0, left)),
      'x-ratelimit-reset': reset,
    };
    if (left >= 0) {
      recent.push(now);
      return { headers, refused: null };
    }
    const told = { ...headers, 'retry-after': '1', 'ratelimit-reason': 'jira-burst-based' };
    return { headers, refused: jiraError(429, ['Rate limit exceeded.'], {}, told) };
  };
}

/**
 * Starts a local Jira on loopback, cloud (`/rest/api/3` and `2`) or data center (`/rest/api/2`), that checks logins, keeps issues
 * in memory and can be told to fail; see docs/jira.md. It begins with two projects, OPS and TEAM.
 */
export async function startJira(options: JiraOptions = {}): Promise<RestEndpoint> {
  const closing = new AbortController();
  const state: JiraState = {
    deployment: options.deployment ?? 'cloud',
    users: [...(options.users ?? [])],
    projects: [...(options.projects ?? defaultProjects)],
    fields: [...(options.fields ?? defaultFields)],
    issues: new Map(),
    indexed: new Map(),
    controls: { searchLagMs: options.searchLagMs ?? 0, callsPerSecond: null, webhook: null },
    lastId: 10_000,
  };
  const { file } = options;
  if (file !== undefined) takeUp(state, file);
  const kept = ({ method }: Incoming, answer: Answer): Answer => {
    if (file !== undefined && method !== 'GET') keepIn(file, state);
    return answer;
  };
  const webhooks = makeWebhooks(state, closing.signal);
  const limit = makeLimit(state);
  let base = '';

  function route(incoming: Incoming, dryRun: boolean): Answer {
    const { headers, refused } = limit();
    const answer = refused ?? kept(incoming, answered(incoming, dryRun));
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }

  function answered(incoming: Incoming, dryRun: boolean): Answer {
    const [, key] = /^\/browse\/([^/]+)$/.exec(incoming.path) ?? [];
    if (key !== undefined) return pageOf(state, key);
    const [, api, path = ''] =
      /^\/rest\/(api\/(?:2|3|latest)|servicedeskapi)\/(.*)$/.exec(incoming.path) ?? [];
    const isCloud = state.deployment === 'cloud';
    if (api === undefined || (api === 'api/3' && !isCloud)) return jiraError(404, ['No such path.']);
    const version = api === 'api/3' ? 3 : 2;
    if (path === 'serverInfo') return serverInfo({ state, base });
    const user = userOf(state, incoming);
    if (user === undefined) return jiraError(401, ['Client must be authenticated to access this resource.']);
    const asked: Asked = {
      ...{ state, user, incoming, version, dryRun, base },
      tell({ name, members }) {
        webhooks.tell(name, renderUser({ state, base }, user.accountId), members);
      },
    };
    if (api === 'servicedeskapi') {
      const [, id] = /^request\/([^/]+)\/approval$/.exec(path) ?? [];
      return id === undefined ? jiraError(404, ['No such path.']) : listApprovals(asked, id);
    }
    if (path === 'search/jql' && isCloud) return searchByToken(asked);
    if (path === 'search' && !isCloud) return searchByNumber(asked);
    // The cloud has taken this one away.
    if (path === 'search') return jiraError(410, ['The requested API has been removed. Use search/jql.']);
    for (const [pattern, methods] of routes) {
      const match = pattern.exec(path);
      if (match === null) continue;
      const handler = methods[incoming.method];
      return handler
        ? handler(asked, decodeURIComponent(match[1] ?? ''))
        : jiraError(405, ['No such method.']);
    }
    return jiraError(404, ['No such path.']);
  }

  const endpoint = await startRestEndpoint({
    ...(options.port === undefined ? {} : { port: options.port }),
    tls: options.tls,
    route,
    control: Object.fromEntries(
      Object.entries(jiraControl(state, webhooks)).map(([name, handler]) => [
        name,
        (incoming: Incoming) => kept(incoming, handler(incoming)),
      ]),
    ),
    page: () => jiraPage(state, [...state.issues.values()].reverse()),
  });
  base = endpoint.url;
  return {
    ...endpoint,
    async close() {
      closing.abort();
      await endpoint.close();
    },
  };
}
