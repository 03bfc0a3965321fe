import { documentOf } from './rich-text.ts';
import { statusOf } from './state.ts';
import type { Issue, IssueComment, JiraState } from './state.ts';
import type { Asked } from './respond.ts';
import type { Status } from './workflow.ts';

/** A moment as Jira writes it: with an offset that has no colon. */
export function jiraTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}

export function renderText(text: string, version: 2 | 3): unknown {
  return version === 3 ? documentOf(text) : text;
}

const categories = {
  new: { id: 2, name: 'To Do', colorName: 'blue-gray' },
  indeterminate: { id: 4, name: 'In Progress', colorName: 'yellow' },
  done: { id: 3, name: 'Done', colorName: 'green' },
};

export function renderStatus({ id, name, category }: Status, base: string) {
  const { id: categoryId, ...rest } = categories[category];
  const self = `${base}/rest/api/2/statuscategory/${categoryId}`;
  return {
    self: `${base}/rest/api/2/status/${id}`,
    description: '',
    id,
    name,
    statusCategory: { self, id: categoryId, key: category, ...rest },
  };
}

/** An account as an issue or a comment names it; the cloud hides the e-mail. */
export function renderUser({ state, base }: Pick<Asked, 'state' | 'base'>, accountId: string) {
  const user = state.users.find((one) => one.accountId === accountId);
  const shown = { displayName: user?.displayName ?? accountId, active: user !== undefined };
  if (state.deployment === 'cloud') {
    return {
      self: `${base}/rest/api/3/user?accountId=${accountId}`,
      accountId,
      accountType: 'atlassian',
      ...shown,
    };
  }
  const self = `${base}/rest/api/2/user?username=${accountId}`;
  return { self, key: accountId, name: accountId, emailAddress: user?.email ?? '', ...shown };
}

export function renderComment(
  asked: Asked,
  { id: issue }: Issue,
  comment: IssueComment,
  withProperties: boolean,
) {
  const author = renderUser(asked, comment.author);
  return {
    self: `${asked.base}/rest/api/${asked.version}/issue/${issue}/comment/${comment.id}`,
    id: comment.id,
    author,
    updateAuthor: author,
    body: renderText(comment.text, asked.version),
    created: jiraTime(comment.created),
    updated: jiraTime(comment.created),
    ...(withProperties ? { properties: comment.properties } : {}),
  };
}

function fieldsOf(asked: Asked, issue: Issue): Record<string, unknown> {
  const { state, base, version } = asked;
  const project = state.projects.find(({ key }) => key === issue.project);
  const comments = issue.comments.map((one) => renderComment(asked, issue, one, false));
  return {
    ...Object.fromEntries(state.fields.map(({ id }) => [id, null])),
    ...issue.custom,
    summary: issue.summary,
    description: issue.description === '' ? null : renderText(issue.description, version),
    labels: issue.labels,
    project: {
      id: String(state.projects.indexOf(project as never) + 1),
      key: issue.project,
      name: project?.name,
    },
    issuetype: { id: typeId(state, issue.type), name: issue.type, subtask: false },
    status: renderStatus(statusOf(state, issue), base),
    resolution: issue.resolution === null ? null : { name: issue.resolution },
    creator: renderUser(asked, issue.creator),
    reporter: renderUser(asked, issue.creator),
    created: jiraTime(issue.created),
    updated: jiraTime(issue.updated),
    comment: { comments, maxResults: comments.length, total: comments.length, startAt: 0 },
  };
}

export function typeId(state: JiraState, name: string): string {
  const names = [...new Set(state.projects.flatMap(({ types }) => types))];
  return String(10_001 + names.indexOf(name));
}

/** How much of an issue to answer. */
export interface Wanted {
  /** Names of fields; null: all. */
  readonly fields: readonly string[] | null;
  readonly properties: readonly string[];
  readonly changelog: boolean;
}

/** The names that a list in a query or in a body asks for; `*all` and nothing: all. */
export function wantedFields(names: readonly string[]): readonly string[] | null {
  const all = names.length === 0 || names.includes('*all') || names.includes('*navigable');
  return all ? null : names;
}

export function renderIssue(asked: Asked, issue: Issue, { fields, properties, changelog }: Wanted) {
  const all = fieldsOf(asked, issue);
  const shown = fields === null ? all : pick(all, fields);
  const held = issue.properties.filter(({ key }) => properties.includes('*all') || properties.includes(key));
  return {
    id: issue.id,
    key: issue.key,
    self: `${asked.base}/rest/api/${asked.version}/issue/${issue.id}`,
    fields: shown,
    ...(properties.length > 0
      ? { properties: Object.fromEntries(held.map(({ key, value }) => [key, value])) }
      : {}),
    ...(changelog ? { changelog: renderChangelog(asked, issue) } : {}),
  };
}

function renderChangelog(asked: Asked, { histories }: Issue) {
  const shown = histories.map(({ id, author, created, items }) => ({
    id,
    author: renderUser(asked, author),
    created: jiraTime(created),
    items: items.map(({ field, from, to }) => ({ field, from, fromString: from, to, toString: to })),
  }));
  return { startAt: 0, maxResults: shown.length, total: shown.length, histories: shown };
}

function pick(all: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.filter((name) => Object.hasOwn(all, name)).map((name) => [name, all[name]]),
  );
}
