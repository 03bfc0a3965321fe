import { afterEach, beforeEach, expect, test } from 'vitest';
import { localJira, person, reading } from '../../tickets/jira/local-jira.ts';
import type { LocalJira } from '../../tickets/jira/local-jira.ts';

let jira: LocalJira;
beforeEach(async () => {
  jira = await localJira();
  await jira.control('PUT', '/issues', [
    { key: 'OPS-1', summary: '<script>alert(1)</script>' },
    { key: 'TEAM-1' },
  ]);
});
afterEach(() => jira.stop());

async function ask(
  path: string,
  { email, token }: { email: string; token: string } = person,
  init: RequestInit = {},
) {
  const authorization = `Basic ${Buffer.from(`${email}:${token}`).toString('base64')}`;
  const response = await fetch(`${jira.endpoint.url}/rest/api/3/${path}`, {
    ...init,
    headers: { authorization, 'content-type': 'application/json' },
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

test('a login is checked, and what it may not see is not there', async () => {
  expect((await ask('issue/OPS-1', { ...person, token: 'wrong' })).status).toBe(401);
  await jira.control('PUT', '/users', [{ ...reading, projects: ['TEAM'] }, person]);
  expect((await ask('issue/TEAM-1', reading)).status).toBe(200);
  const hidden = await ask('issue/OPS-1', reading);
  expect(hidden).toMatchObject({ status: 404, body: { errors: {} } });
  const found = await ask('search/jql', reading, {
    method: 'POST',
    body: JSON.stringify({ jql: 'status != Done', fields: ['summary'] }),
  });
  expect((found.body['issues'] as { key: string }[]).map(({ key }) => key)).toEqual(['TEAM-1']);
});

test('an account without a right is refused, and has no steps', async () => {
  expect((await ask('issue/OPS-1/transitions', reading)).body['transitions']).toEqual([]);
  const body = JSON.stringify({
    fields: { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 's' },
  });
  expect(await ask('issue', reading, { method: 'POST', body })).toMatchObject({
    status: 400,
    body: { errors: { project: expect.any(String) as string } },
  });
});

test('the search of the cloud has pages by token, and the old one is gone', async () => {
  await jira.control(
    'PUT',
    '/issues',
    Array.from({ length: 5 }, (_, i) => ({ key: `OPS-${i + 2}`, labels: ['l'] })),
  );
  const keys: string[] = [];
  let nextPageToken: unknown;
  do {
    const body = JSON.stringify({ jql: 'labels = l', fields: ['summary'], maxResults: 2, nextPageToken });
    const page = (await ask('search/jql', person, { method: 'POST', body })).body;
    keys.push(...(page['issues'] as { key: string }[]).map(({ key }) => key));
    ({ nextPageToken } = page);
  } while (nextPageToken !== undefined);
  expect(keys).toEqual(['OPS-2', 'OPS-3', 'OPS-4', 'OPS-5', 'OPS-6']);
  expect((await ask('search?jql=labels%20%3D%20l')).status).toBe(410);
  expect((await ask('search/jql', person, { method: 'POST', body: '{"jql":"nothing = 1"}' })).status).toBe(
    400,
  );
});

test('a known issue is seen by a search that is behind, where the search is told of it', async () => {
  await jira.control('PUT', '/settings', { searchLagMs: 3_600_000 });
  const find = async (more: object) => {
    const body = JSON.stringify({ jql: 'project = OPS', fields: ['summary'], ...more });
    return (await ask('search/jql', person, { method: 'POST', body })).body['issues'];
  };
  expect(await find({})).toEqual([]);
  const [issue] = await jira.issues();
  expect(await find({ reconcileIssues: [Number(issue?.id)] })).toMatchObject([{ key: 'OPS-1' }]);
});

test('above its limit it answers 429 as the cloud does', async () => {
  await jira.control('PUT', '/settings', { callsPerSecond: 1 });
  const answers = await Promise.all([ask('myself'), ask('myself')]);
  const [refused] = answers.filter(({ status }) => status === 429);
  expect(refused?.headers.get('retry-after')).toBe('1');
  expect(refused?.headers.get('ratelimit-reason')).toBe('jira-burst-based');
  expect(answers[0].headers.get('x-ratelimit-limit')).toBe('1');
});

test('the page shows what it holds, and runs nothing of it', async () => {
  const page = await (await fetch(`${jira.endpoint.url}/_sim`)).text();
  expect(page).toContain('OPS-1');
  expect(page).not.toContain('<script>alert');
});
