import { afterEach, describe, expect, test } from 'vitest';
import type { TicketPhase } from '../../../domain/ticket-read.ts';
import { localJira } from './local-jira.ts';
import type { LocalJira } from './local-jira.ts';

const never = new AbortController().signal;
const successful = { successful: true, notes: 'done' };
let jira: LocalJira | null = null;
afterEach(async () => {
  await jira?.stop();
  jira = null;
});

/** Steps towards a phase until one says that it is there, or stuck. */
async function walk(
  { system }: LocalJira,
  id: string,
  phase: TicketPhase,
  close = successful,
): Promise<string> {
  for (let step = 0; step < 10; step++) {
    const result = await system.stepTowards(id, phase, close, never);
    if (result !== 'moved') return result;
  }
  return 'endless';
}

describe.each(['cloud', 'data_center'] as const)('%s', (deployment) => {
  test('a ticket is made, found by its mark, commented on and linked', async () => {
    jira = await localJira(deployment);
    const { system } = jira;
    const mark = 'countersign-1';
    expect(await system.find(mark, never)).toEqual([]);
    const hostile = 'Why: {code}[~admin] !http://x/y.png! https://countersign.example/changes/1\n> line';
    const made = await system.create({ mark, summary: 'A change', description: hostile }, never);
    expect(made).toMatchObject({ key: 'OPS-1', phase: 'new', author: 'acc-writer', marks: [mark] });
    const found = await system.find(mark, never);
    expect(found.map(({ id }) => id)).toEqual([made.id]);
    expect(found[0]?.digest).toBe(made.digest);

    expect(await system.commentMarks(made.id, never)).toEqual([]);
    await system.comment(made.id, { mark: 'countersign-1-5', text: hostile }, never);
    expect(await system.commentMarks(made.id, never)).toContain('countersign-1-5');

    const link = { url: 'https://countersign.example/changes/1', title: 'Change 1' };
    await system.link(made.id, link, never);
    await system.link(made.id, link, never);
    const [held] = await jira.issues();
    expect(held?.remoteLinks).toHaveLength(1);
    const text = held?.comments[0]?.text ?? '';
    expect(text).toContain('https://countersign.example/changes/1');
    if (deployment === 'data_center') expect(text).toContain('\\{code\\}\\[\\~admin\\]');
    else expect(text).toContain('{code}[~admin]');
  });

  test('what others have made is not ours, whatever marks it has', async () => {
    jira = await localJira(deployment);
    const { system } = jira;
    const forged = { id: '1', author: 'acc-pat', text: 'Ref: countersign-1-5', created: 1, properties: [] };
    await jira.control('PUT', '/issues', {
      key: 'OPS-9',
      labels: ['countersign-1'],
      creator: 'acc-pat',
      comments: [forged],
    });
    expect(await system.find('countersign-1', never)).toEqual([]);
    expect(await system.commentMarks('OPS-9', never)).toEqual([]);
  });
});

test('comments are looked through page by page', async () => {
  jira = await localJira();
  const comments = Array.from({ length: 230 }, (_, i) => ({
    ...{ id: String(i), author: 'acc-writer', created: i, properties: [] },
    text: `n\n\nRef: countersign-1-${i}`,
  }));
  await jira.control('PUT', '/issues', { key: 'OPS-1', comments });
  expect(await jira.system.commentMarks('OPS-1', never)).toHaveLength(230);
});

test('the oldest of several is the first', async () => {
  jira = await localJira();
  const { system } = jira;
  const made = [];
  for (const summary of ['first', 'second', 'third']) {
    made.push(await system.create({ mark: 'm-1', summary, description: '' }, never));
  }
  expect((await system.find('m-1', never)).map(({ id }) => id)).toEqual(made.map(({ id }) => id));
});

test('a search lags behind, by as much as it is set to', async () => {
  jira = await localJira();
  await jira.control('PUT', '/settings', { searchLagMs: 3_600_000 });
  const made = await jira.system.create({ mark: 'm-1', summary: 's', description: '' }, never);
  expect(await jira.system.find('m-1', never)).toEqual([]);
  await jira.control('PUT', '/settings', { searchLagMs: 0 });
  expect((await jira.system.find('m-1', never)).map(({ id }) => id)).toEqual([made.id]);
});

test.each<[string, string, TicketPhase, boolean, string, string, string | null]>([
  ['OPS-1', 'Open', 'in_progress', true, 'there', 'In Progress', null],
  ['OPS-1', 'Open', 'done', true, 'there', 'Done', 'Done'],
  ['OPS-1', 'Open', 'cancelled', false, 'there', 'Cancelled', "Won't Do"],
  ['OPS-1', 'On Hold', 'done', true, 'there', 'Done', 'Done'],
  ['OPS-1', 'On Hold', 'in_progress', true, 'there', 'On Hold', null],
  ['OPS-1', 'In Progress', 'new', true, 'there', 'Open', null],
  ['OPS-1', 'Done', 'in_progress', true, 'there', 'In Progress', null],
  ['TEAM-1', 'To Do', 'done', true, 'there', 'Done', null],
  // Its workflow has no such status, and no resolution on a screen.
  ['TEAM-1', 'To Do', 'cancelled', false, 'there', 'Done', null],
])(
  '%s goes from %s to %s (successful: %s): %s, %s',
  async (key, from, phase, isSuccess, result, to, resolution) => {
    jira = await localJira();
    await jira.control('PUT', '/issues', { key, status: from });
    expect(await walk(jira, key, phase, { successful: isSuccess, notes: '' })).toBe(result);
    expect((await jira.issues())[0]).toMatchObject({ status: to, resolution });
  },
);

test('a workflow with a review is stuck before it, and goes on where the file names it', async () => {
  for (const [via, result, status] of [
    [[], 'stuck', 'In Progress'],
    [['in review'], 'there', 'Done'],
  ] as const) {
    jira = await localJira('cloud', { via: [...via] });
    await jira.control('PUT', '/projects', [
      { key: 'REV', name: 'R', workflow: 'reviewed', types: ['Task'] },
    ]);
    await jira.control('PUT', '/issues', { key: 'REV-1' });
    expect(await walk(jira, 'REV-1', 'done')).toBe(result);
    expect((await jira.issues())[0]?.status).toBe(status);
    await jira.stop();
    jira = null;
  }
});

test('a transition that is gone is a conflict, and one that was not carried out says moved all the same', async () => {
  jira = await localJira();
  await jira.control('PUT', '/issues', { key: 'OPS-1' });
  await jira.faults({ kind: 'status', status: 400, method: 'POST', path: '/transitions' });
  const step = () => jira?.system.stepTowards('OPS-1', 'in_progress', successful, never);
  await expect(step()).rejects.toMatchObject({ fault: 'conflict' });
  await jira.faults({ kind: 'unchanged', method: 'POST', path: '/transitions' });
  expect(await step()).toBe('moved');
  expect((await jira.issues())[0]?.status).toBe('Open');
});

test('what was made and cannot be read back is not told as not made', async () => {
  jira = await localJira();
  await jira.faults({ kind: 'status', status: 403, method: 'GET', path: '/issue/' });
  const making = jira.system.create({ mark: 'm-1', summary: 's', description: '' }, never);
  await expect(making).rejects.toMatchObject({ fault: 'unreachable' });
  expect(await jira.issues()).toHaveLength(1);
});

test('a project that lets nobody make issues names the field', async () => {
  jira = await localJira('cloud', { create: { project: 'NONE', issueType: 'Change' } });
  const making = jira.system.create({ mark: 'm-1', summary: 's', description: '' }, never);
  await expect(making).rejects.toMatchObject({ fault: 'refused', httpStatus: 400 });
  await expect(making).rejects.toThrow(/project/);
});
