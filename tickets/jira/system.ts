import type { TicketRead } from '../../domain/ticket-read.ts';
import { RemoteError } from '../remote-error.ts';
import type { TicketSystem } from '../ticket-system.ts';
import {
  accountAnswer,
  accountId,
  commentsAnswer,
  createdAnswer,
  expected,
  issueAnswer,
  searchAnswer,
  transitionsAnswer,
} from './answers.ts';
import type { JiraIssue } from './answers.ts';
import { makeJiraClient } from './client.ts';
import type { JiraClient, JiraDependencies } from './client.ts';
import { baseFields, ticketOf } from './issue.ts';
import { readAgain, readerOver } from './reader.ts';
import { documentOf, markupOf, plainText } from './rich-text.ts';
import type { JiraSettings } from './settings.ts';
import { stepTo } from './step.ts';

const propertyKey = 'countersign';
const longestSummary = 250;
/** With the sign that it was cut it stays below Jira's 32,767 characters, and below what its markup adds. */
const longestText = 15_000;
const mostPages = 50;
const pageSize = 100;

/**
 * Reads and writes issues with the login `write`.
 *
 * @param name - the system's name in COUNTERSIGN_INTEGRATIONS
 * @throws RemoteError `refused` when the settings have no `write`
 */
export function makeJiraSystem(
  name: string,
  settings: JiraSettings,
  dependencies: JiraDependencies,
): TicketSystem {
  const { write } = settings;
  if (write === undefined) throw new RemoteError('refused', `${name} has no write login in the settings`);
  const client = makeJiraClient(settings, write.user, dependencies);
  const reader = readerOver(name, settings, client, dependencies);
  const isCloud = settings.deployment === 'cloud';
  const rich = (text: string) => (isCloud ? documentOf(cut(text)) : markupOf(cut(text)));
  let own: string | null = null;

  async function ownId(signal: AbortSignal): Promise<string> {
    const what = 'read the own account';
    own ??= accountId(
      expected(accountAnswer, await client({ what, method: 'GET', path: 'myself', signal }), what),
    );
    if (own === null) throw new RemoteError('unreachable', `Jira named no account: ${what}`);
    return own;
  }

  return {
    ...reader,
    searchLagMs: settings.searchLagSeconds * 1000,
    async find(mark, signal) {
      const jql = `labels = "${checked(mark)}" AND creator = currentUser() ORDER BY created ASC`;
      const author = await ownId(signal);
      const issues = await search(client, isCloud, jql, signal);
      return issues
        .map((issue) => ticketOf(name, settings, issue, {}, null))
        .filter((ticket) => ticket.author === author && ticket.marks.includes(mark))
        .sort(byAge);
    },
    async create({ mark, summary, description }, signal) {
      const { create } = settings;
      if (create === undefined) throw new RemoteError('refused', `${name} is not set to create tickets`);
      const what = 'create an issue';
      const fields = {
        project: { key: create.project },
        issuetype: { name: create.issueType },
        summary:
          summary.length > longestSummary ? `${summary.slice(0, longestSummary).toWellFormed()}…` : summary,
        description: rich(description),
        labels: [checked(mark)],
      };
      const properties = isCloud ? { properties: [{ key: propertyKey, value: { mark } }] } : {};
      const answer = await client({
        what,
        method: 'POST',
        path: 'issue',
        body: { fields, ...properties },
        signal,
      });
      const { id } = expected(createdAnswer, answer, what);
      try {
        return await readAgain(reader, id, signal);
      } catch (error) {
        signal.throwIfAborted();
        // It has been made: no other fault may say that it has not.
        throw new RemoteError(
          'unreachable',
          `the issue is made; ${error instanceof Error ? error.message : ''}`,
        );
      }
    },
    async commentMarks(id, signal) {
      const author = await ownId(signal);
      const what = 'list the comments of an issue';
      const marks: string[] = [];
      for (let page = 0, seen = 0; page < mostPages; page++) {
        const query = { startAt: String(seen), maxResults: String(pageSize), expand: 'properties' };
        const answer = await client({ what, method: 'GET', path: `${issuePath(id)}/comment`, query, signal });
        const { comments, total } = expected(commentsAnswer, answer, what);
        seen += comments.length;
        marks.push(...comments.filter((one) => accountId(one.author) === author).flatMap(markIn));
        if (comments.length === 0 || seen >= total) return marks;
      }
      throw new RemoteError('refused', 'the issue has more comments than are looked through');
    },
    async comment(id, { mark, text }, signal) {
      const what = 'comment on an issue';
      const body = {
        body: rich(`${cut(text)}\n\n${markLine}${checked(mark)}`),
        ...(isCloud ? { properties: [{ key: propertyKey, value: { mark } }] } : {}),
      };
      await client({ what, method: 'POST', path: `${issuePath(id)}/comment`, body, signal });
    },
    async stepTowards(id, phase, { successful }, signal) {
      const what = 'read the state of an issue';
      const query = { fields: baseFields.join(',') };
      const answer = await client({ what, method: 'GET', path: issuePath(id), query, signal });
      const { status, resolution } = expected(issueAnswer, answer, what).fields;
      const at = { status, resolution: resolution?.name ?? null };
      if (stepTo(phase, at, [], successful, settings) === 'there' && phase !== 'cancelled') return 'there';
      const path = `${issuePath(id)}/transitions`;
      const asked = 'list the transitions of an issue';
      const { transitions } = expected(
        transitionsAnswer,
        await client({ what: asked, method: 'GET', path, query: { expand: 'transitions.fields' }, signal }),
        asked,
      );
      const step = stepTo(phase, at, transitions, successful, settings);
      if (typeof step === 'string') return step;
      const fields = step.resolution === null ? {} : { fields: { resolution: { name: step.resolution } } };
      const body = { transition: { id: step.id }, ...fields };
      try {
        await client({ what: 'move an issue', method: 'POST', path, body, signal });
      } catch (error) {
        // The transition was open a moment ago: somebody has moved the issue, or its screen has changed.
        if (!(error instanceof RemoteError) || error.fault !== 'refused') throw error;
        throw new RemoteError('conflict', error.message, { httpStatus: error.httpStatus });
      }
      return 'moved';
    },
    async link(id, { url, title }, signal) {
      const body = { globalId: `countersign=${url}`.slice(0, 255), object: { url, title } };
      await client({
        what: 'link an issue',
        method: 'POST',
        path: `${issuePath(id)}/remotelink`,
        body,
        signal,
      });
    },
  };
}

function issuePath(id: string): string {
  return `issue/${encodeURIComponent(id)}`;
}

const markLine = 'Ref: ';

/** The marks of a comment: in its property, and in its last line, since a property is not kept everywhere. */
function markIn({
  body,
  properties = [],
}: {
  readonly body?: unknown;
  readonly properties?: readonly { readonly key: string; readonly value: unknown }[] | undefined;
}): string[] {
  const property = properties.find(({ key }) => key === propertyKey)?.value;
  const { mark } = (property ?? {}) as { mark?: unknown };
  const [, written] = /(?:^|\n)Ref: ([A-Za-z0-9-]{1,100})\s*$/.exec(plainText(body) ?? '') ?? [];
  return [mark, written].filter((one) => typeof one === 'string');
}

/** Every page of a search, which only our own issues of one change match. */
async function search(client: JiraClient, isCloud: boolean, jql: string, signal: AbortSignal) {
  const what = 'search for issues';
  const issues: JiraIssue[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const place = isCloud
      ? token === undefined
        ? {}
        : { nextPageToken: token }
      : { startAt: issues.length };
    const body = { jql, fields: [...baseFields], maxResults: pageSize, ...place };
    const path = isCloud ? 'search/jql' : 'search';
    const found = expected(searchAnswer, await client({ what, method: 'POST', path, body, signal }), what);
    issues.push(...found.issues);
    token = found.nextPageToken ?? undefined;
    const isLast = isCloud ? token === undefined : issues.length >= (found.total ?? 0);
    if (isLast || found.issues.length === 0) return issues;
  }
  throw new RemoteError('refused', 'more issues have the mark than are looked through');
}

function checked(mark: string): string {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(mark)) throw new RangeError('a mark has 1 to 100 of A-Z, a-z, 0-9 and -');
  return mark;
}

function cut(text: string): string {
  return text.length > longestText ? `${text.slice(0, longestText).toWellFormed()}…` : text;
}

/** By their ids, which grow. */
function byAge(a: TicketRead, b: TicketRead): number {
  return Number(a.id) - Number(b.id);
}
