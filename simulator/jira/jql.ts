import { statusOf } from './state.ts';
import type { Issue, JiraState, JiraUser } from './state.ts';

/** What of the query language this endpoint knows: terms joined by AND, and one order. */
export interface Query {
  readonly matches: (issue: Issue) => boolean;
  readonly sorted: (issues: Issue[]) => Issue[];
}

const term = /^\s*(\w+)\s*(=|!=|in)\s*(\([^)]*\)|"[^"]*"|'[^']*'|currentUser\(\)|[^\s()]+)\s*$/i;

/** Reads a query; a string says what is wrong with it. */
export function readQuery(jql: string, state: JiraState, user: JiraUser): Query | string {
  const [terms = '', order] = jql.split(/\border\s+by\b/i);
  const tests: ((issue: Issue) => boolean)[] = [];
  for (const text of terms.trim() === '' ? [] : terms.split(/\band\b/i)) {
    const [, field = '', operator = '', value = ''] = term.exec(text) ?? [];
    const read = reader(field.toLowerCase(), state);
    if (read === null) return `Field '${field}' does not exist or you do not have permission to view it.`;
    const values = valuesIn(value).map((one) => (one === 'currentUser()' ? user.accountId : one));
    const isWanted = (issue: Issue) => read(issue).some((one) => values.includes(one));
    tests.push(operator === '!=' ? (issue) => !isWanted(issue) : isWanted);
  }
  const [, by, direction = 'asc'] =
    /^\s*(created|updated|key|id)\s*(asc|desc)?\s*$/i.exec(order ?? 'id asc') ?? [];
  if (by === undefined) return `Not able to sort using field '${(order ?? '').trim()}'.`;
  const sign = direction.toLowerCase() === 'desc' ? -1 : 1;
  const name = by.toLowerCase() === 'updated' ? 'updated' : 'id';
  return {
    matches: (issue) => tests.every((test) => test(issue)),
    sorted: (issues) => issues.toSorted((a, b) => sign * (Number(a[name]) - Number(b[name]))),
  };
}

function reader(field: string, state: JiraState): ((issue: Issue) => readonly string[]) | null {
  switch (field) {
    case 'project':
      return ({ project }) => [project];
    case 'labels':
      return ({ labels }) => labels;
    case 'creator':
    case 'reporter':
      return ({ creator }) => [creator];
    case 'status':
      return (issue) => [issue.status, statusOf(state, issue).id];
    case 'issuetype':
      return ({ type }) => [type];
    case 'id':
    case 'key':
    case 'issue':
    case 'issuekey':
      return ({ id, key }) => [id, key];
    default:
      return null;
  }
}

function valuesIn(text: string): string[] {
  const isList = text.startsWith('(');
  const parts = isList ? text.slice(1, -1).split(',') : [text];
  return parts.map((part) => part.trim().replace(/^(["'])(.*)\1$/, '$2'));
}
