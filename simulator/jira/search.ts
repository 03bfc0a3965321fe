import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { readQuery } from './jql.ts';
import { renderIssue, wantedFields } from './render.ts';
import { bodyOf, jiraError } from './respond.ts';
import type { Asked } from './respond.ts';
import { has, issueOf, searchable } from './state.ts';
import type { Issue } from './state.ts';

interface Search {
  readonly jql: string;
  readonly fields: readonly string[];
  readonly maxResults: number;
}

function searchIn({ incoming }: Asked): Search & Readonly<Record<string, unknown>> {
  const fromQuery = Object.fromEntries(incoming.query);
  const given = incoming.method === 'POST' ? (bodyOf(incoming) ?? {}) : fromQuery;
  const { jql, fields, maxResults } = given;
  const names = typeof fields === 'string' ? fields.split(',') : Array.isArray(fields) ? fields : [];
  return {
    ...given,
    jql: typeof jql === 'string' ? jql : '',
    fields: names.map(String),
    maxResults: Math.min(Number(maxResults ?? 50), 100),
  };
}

/** What a search finds, in its order; an answer where the query is wrong. */
function found(asked: Asked, jql: string, reconciled: readonly string[]): Issue[] | Answer {
  const { state, user } = asked;
  const query = readQuery(jql, state, user);
  if (typeof query === 'string') return jiraError(400, [query]);
  const seen = new Map(searchable(state).map((issue) => [issue.id, issue]));
  // Issues that the caller knows are looked at as they are now.
  for (const id of reconciled) {
    const issue = issueOf(state, id);
    if (issue !== undefined) seen.set(issue.id, issue);
  }
  const visible = [...seen.values()].filter((issue) => has(user, 'BROWSE_PROJECTS', issue.project));
  return query.sorted(visible.filter(query.matches));
}

/** `GET|POST search/jql` of the cloud: pages by token, and nothing but ids unless fields are named. */
export function searchByToken(asked: Asked): Answer {
  const search = searchIn(asked);
  const { nextPageToken, reconcileIssues } = search;
  const isRestricted = /\w+\s*(=|!=|\bin\b)/i.test(search.jql);
  if (!isRestricted) return jiraError(400, ['Unbounded JQL queries are not allowed here.']);
  const issues = found(asked, search.jql, Array.isArray(reconcileIssues) ? reconcileIssues.map(String) : []);
  if (!Array.isArray(issues)) return issues;
  const start =
    typeof nextPageToken === 'string' ? Number(Buffer.from(nextPageToken, 'base64').toString()) : 0;
  const page = issues.slice(start, start + search.maxResults);
  const next = start + page.length;
  const isLast = next >= issues.length;
  const names = search.fields.length === 0 ? ['id'] : search.fields;
  const shown = page.map((issue) =>
    renderIssue(asked, issue, { fields: wantedFields(names), properties: [], changelog: false }),
  );
  const token = Buffer.from(String(next)).toString('base64');
  return jsonAnswer({ issues: shown, isLast, ...(isLast ? {} : { nextPageToken: token }) });
}

/** `GET|POST search` of a data center: pages by number. */
export function searchByNumber(asked: Asked): Answer {
  const search = searchIn(asked);
  const issues = found(asked, search.jql, []);
  if (!Array.isArray(issues)) return issues;
  const startAt = Number(search['startAt'] ?? 0);
  const { maxResults } = search;
  const shown = issues
    .slice(startAt, startAt + maxResults)
    .map((issue) =>
      renderIssue(asked, issue, { fields: wantedFields(search.fields), properties: [], changelog: false }),
    );
  return jsonAnswer({ startAt, maxResults, total: issues.length, issues: shown });
}
