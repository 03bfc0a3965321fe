import { createCloudClient, isNotFoundError, isRateLimitError } from 'jira.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { localJira, person } from '../../tickets/jira/local-jira.ts';
import type { LocalJira } from '../../tickets/jira/local-jira.ts';

let local: LocalJira;
beforeEach(async () => {
  local = await localJira();
});
afterEach(() => local.stop());

/** It compares every answer with the shapes that Atlassian publishes, and throws where one differs. */
function client() {
  return createCloudClient({
    host: local.endpoint.url,
    auth: { type: 'basic', email: person.email, apiToken: person.token },
    onSchemaMismatch: 'throw',
  });
}

const text = (words: string) => ({
  type: 'doc',
  version: 1,
  content: [{ type: 'paragraph', content: [{ type: 'text', text: words }] }],
});

test('jira.js makes, moves, comments on, links and finds an issue, and knows every answer', async () => {
  const jira = client();
  const me = await jira.myself.getCurrentUser();
  expect(me.displayName).toBe('Pat');
  const { key } = await jira.issues.createIssue({
    fields: {
      project: { key: 'OPS' },
      issuetype: { name: 'Change' },
      summary: 'By jira.js',
      description: text('why'),
      labels: ['by-jira-js'],
    },
    properties: [{ key: 'countersign', value: { mark: 'm' } }],
  });
  expect(key).toBe('OPS-1');

  const issueIdOrKey = key;
  const step = async (name: string, fields: object = {}) => {
    const { transitions = [] } = await jira.issues.getTransitions({
      issueIdOrKey,
      expand: 'transitions.fields',
    });
    const id = transitions.find((one) => one.name === name)?.id;
    await jira.issues.doTransition({ issueIdOrKey, transition: { id }, fields });
  };
  await step('Start');
  const body = text('seen');
  await jira.issueComments.addComment({
    issueIdOrKey,
    body,
    properties: [{ key: 'countersign', value: { mark: 'c' } }],
  });
  const object = { url: 'https://countersign.example/1', title: 'one' };
  await jira.issueRemoteLinks.createOrUpdateRemoteIssueLink({ issueIdOrKey, globalId: 'g', object });
  await jira.issueRemoteLinks.createOrUpdateRemoteIssueLink({ issueIdOrKey, globalId: 'g', object });
  await step('Finish', { resolution: { name: 'Done' } });

  const issue = await jira.issues.getIssue({ issueIdOrKey, properties: ['*all'], expand: 'changelog' });
  expect(issue).toMatchObject({
    fields: { status: { name: 'Done', statusCategory: { key: 'done' } }, resolution: { name: 'Done' } },
    properties: { countersign: { mark: 'm' } },
    changelog: { total: 2 },
  });
  const comments = await jira.issueComments.getComments({ issueIdOrKey, expand: 'properties' });
  expect(comments.comments).toMatchObject([
    { body, properties: [{ key: 'countersign', value: { mark: 'c' } }] },
  ]);
  const found = await jira.issueSearch.searchAndReconsileIssuesUsingJqlPost({
    jql: 'labels = "by-jira-js" AND creator = currentUser() ORDER BY created ASC',
    fields: ['summary'],
  });
  expect(found.issues).toMatchObject([{ key, fields: { summary: 'By jira.js' } }]);
  const rights = await jira.permissions.getMyPermissions({ permissions: 'CREATE_ISSUES', projectKey: 'OPS' });
  expect(rights).toMatchObject({ permissions: { CREATE_ISSUES: { havePermission: true } } });
  expect((await jira.serverInfo.getServerInfo()).deploymentType).toBe('Cloud');
  const fields = await jira.issueFields.getFields();
  expect(fields.map(({ name }) => name)).toContain('Planned start');
});

test('jira.js reads the errors as what they are', async () => {
  const jira = client();
  await expect(jira.issues.getIssue({ issueIdOrKey: 'OPS-99' })).rejects.toSatisfy(isNotFoundError);
  await local.faults({ kind: 'status', status: 429, headers: { 'retry-after': '4' } });
  const limited = await jira.myself.getCurrentUser().catch((error: unknown) => error);
  expect(isRateLimitError(limited) ? limited.retryAfterMs : null).toBe(4000);
});
