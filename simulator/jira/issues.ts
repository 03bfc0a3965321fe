import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { renderIssue, typeId, wantedFields } from './render.ts';
import { bodyOf, jiraError, memberOf, noContent, noIssue, parameter } from './respond.ts';
import type { Asked } from './respond.ts';
import { textOf } from './rich-text.ts';
import { has, issueOf, keep, newId, workflowOf } from './state.ts';
import type { Issue, JiraProject, Property } from './state.ts';

const longestSummary = 255;

/** An issue that the caller may see; undefined where it is not there, or hidden. */
export function seen({ state, user }: Asked, idOrKey: string): Issue | undefined {
  const issue = issueOf(state, idOrKey);
  return issue !== undefined && has(user, 'BROWSE_PROJECTS', issue.project) ? issue : undefined;
}

/** Text as this version of the API takes it; null where it is none. */
export function textIn({ version }: Asked, value: unknown): string | null {
  return version === 3 ? textOf(value) : typeof value === 'string' ? value : null;
}

export function propertiesIn(value: unknown): Property[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [];
  return list.flatMap((one) => {
    const key = memberOf(one, 'key');
    return typeof key === 'string' ? [{ key, value: memberOf(one, 'value') }] : [];
  });
}

/** `POST issue` */
export function createIssue(asked: Asked): Answer {
  const { state, user, incoming, dryRun, base, version } = asked;
  const body = bodyOf(incoming);
  const fields = body?.['fields'];
  if (typeof fields !== 'object' || fields === null) return jiraError(400, ['Invalid request payload.']);
  const { project, type, errors } = placeOf(asked, fields as Record<string, unknown>);
  const {
    summary,
    description,
    labels = [],
    project: _p,
    issuetype: _t,
    ...others
  } = fields as Record<string, unknown>;
  const text = description === undefined || description === null ? '' : textIn(asked, description);
  if (typeof summary !== 'string' || summary === '')
    errors['summary'] = 'You must specify a summary of the issue.';
  else if (summary.length > longestSummary) errors['summary'] = 'Summary must be less than 255 characters.';
  else if (summary.includes('\n'))
    errors['summary'] = 'The summary is invalid because it contains newline characters.';
  if (text === null) errors['description'] = 'Operation value must be a string or an Atlassian Document.';
  if (!isLabels(labels)) errors['labels'] = 'The label contains spaces which is invalid.';
  for (const name of Object.keys(others)) {
    if (!state.fields.some(({ id }) => id === name)) {
      errors[name] = `Field '${name}' cannot be set. It is not on the appropriate screen, or unknown.`;
    }
  }
  if (project === undefined || Object.keys(errors).length > 0) return jiraError(400, [], errors);
  const now = Date.now();
  const id = newId(state);
  const number = [...state.issues.values()].filter((one) => one.project === project.key).length + 1;
  const issue: Issue = {
    id,
    key: `${project.key}-${number}`,
    project: project.key,
    type,
    summary: summary as string,
    description: text ?? '',
    labels: labels as string[],
    status: workflowOf(state, project.key).statuses[0].name,
    resolution: null,
    creator: user.accountId,
    custom: others,
    properties: propertiesIn(body?.['properties']),
    comments: [],
    remoteLinks: [],
    histories: [],
    approvals: [],
    created: now,
    updated: now,
  };
  if (!dryRun) {
    keep(state, issue, now);
    asked.tell({ name: 'jira:issue_created', members: { issue: whole(asked, issue) } });
  }
  return jsonAnswer({ id, key: issue.key, self: `${base}/rest/api/${version}/issue/${id}` }, 201);
}

function placeOf({ state, user }: Asked, fields: Record<string, unknown>) {
  const errors: Record<string, string> = {};
  const named = fields['project'];
  const project: JiraProject | undefined = state.projects.find(
    ({ key }, i) => key === memberOf(named, 'key') || String(i + 1) === memberOf(named, 'id'),
  );
  if (project === undefined || !has(user, 'CREATE_ISSUES', project.key)) {
    errors['project'] = "You cannot create issues in this project, or it doesn't exist.";
  }
  const wanted = fields['issuetype'];
  const type = project?.types.find(
    (name) => name === memberOf(wanted, 'name') || typeId(state, name) === memberOf(wanted, 'id'),
  );
  if (type === undefined) errors['issuetype'] = 'Specify a valid issue type';
  return { project, type: type ?? '', errors };
}

function isLabels(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' && !/\s/.test(one));
}

/** An issue as an event tells it. */
export function whole(asked: Asked, issue: Issue) {
  return renderIssue(asked, issue, { fields: null, properties: [], changelog: false });
}

/** `GET issue/{id}` */
export function getIssue(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  if (issue === undefined) return noIssue();
  const listed = (name: string) =>
    (parameter(asked.incoming, name) ?? '').split(',').filter((part) => part !== '');
  const changelog = listed('expand').includes('changelog');
  return jsonAnswer(
    renderIssue(asked, issue, {
      fields: wantedFields(listed('fields')),
      properties: listed('properties'),
      changelog,
    }),
  );
}

/** `PUT issue/{id}`: summary, labels (set, or added and removed) and fields of its own. */
export function editIssue(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  if (issue === undefined) return noIssue();
  const { state, user, dryRun } = asked;
  if (!has(user, 'EDIT_ISSUES', issue.project))
    return jiraError(403, ['You do not have permission to edit.']);
  const body = bodyOf(asked.incoming);
  const fields = (body?.['fields'] ?? {}) as Record<string, unknown>;
  const updates = memberOf(body?.['update'], 'labels');
  if (dryRun) return noContent();
  const { summary, labels, ...others } = fields;
  if (typeof summary === 'string') issue.summary = summary;
  if (isLabels(labels)) issue.labels = labels as string[];
  for (const one of Array.isArray(updates) ? (updates as unknown[]) : []) {
    const [add, remove] = [memberOf(one, 'add'), memberOf(one, 'remove')];
    issue.labels = issue.labels.filter((label) => label !== remove && label !== add);
    if (typeof add === 'string') issue.labels.push(add);
  }
  const known = Object.entries(others).filter(([name]) => state.fields.some(({ id }) => id === name));
  issue.custom = { ...issue.custom, ...Object.fromEntries(known) };
  keep(state, issue);
  asked.tell({ name: 'jira:issue_updated', members: { issue: whole(asked, issue) } });
  return noContent();
}
