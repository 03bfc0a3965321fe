import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Change } from '../../domain/change.ts';
import { closed } from '../domain/moves.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { releaseTarget } from '../../store/release-target.ts';
import { saveChange } from '../../store/save-change.ts';
import { instance, submission } from '../support/service.ts';
import { caTarget } from '../support/target.ts';
import { startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(() => stack.stop());

const digestOf = (body: unknown) => createHash('sha256').update(canonicalJson(body)).digest('hex');

function on(sn: string, more: Partial<Change> = {}): Partial<Change> {
  return {
    input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
    ...more,
  };
}

async function ids(query: string, as = 'dave'): Promise<string[]> {
  const { status, body } = await stack.api.call(`/v1/changes?${query}`, { as });
  expect(status).toBe(200);
  return (body.items as Change[]).map(({ id }) => id);
}

test('a change is shown with its attempts, its links and whether it awaits its reader', async () => {
  // What only the state machine looks at is not shown.
  const { standing: _standing, reason: _reason, calls: _calls, ...change } = await stack.stored();
  const self = `/v1/changes/${change.id}`;
  const links = { self, events: `${self}/events`, decisions: `${self}/decisions` };
  for (const [as, awaitingYou] of [
    ['alice', false],
    ['bob', true],
    ['dave', false],
    ['olga', false],
  ] as const) {
    const answer = await stack.api.call(self, { as });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      ...change,
      ...{ attempts: [], waitsFor: null, stop: null, presented: null, callUnderWay: null },
      ticketRead: null,
      ...{ awaitingYou, links },
      // What it says, actions.test.ts compares with the calls.
      actions: expect.any(Object) as unknown,
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }
  expect((await stack.api.call(self.toUpperCase().replace('/V1/CHANGES', '/v1/changes'))).status).toBe(200);
});

test('a change that one may not see is as one that there is not', async () => {
  const change = await stack.stored();
  const unknown = await stack.api.call(`/v1/changes/${randomUUID()}`);
  expect(unknown.body).toMatchObject({ status: 404, code: 'not_found' });
  for (const as of ['erin', 'adam']) {
    for (const path of ['', '/events']) {
      const answer = await stack.api.call(`/v1/changes/${change.id}${path}`, { as });
      expect({ ...answer.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
      expect(answer.status).toBe(404);
    }
  }
  const nobody = await stack.testbed.identity.tokenFor('alice', { sub: 'mallory', roles: [] });
  expect((await stack.api.call(`/v1/changes/${change.id}`, { token: nobody })).status).toBe(404);
  const namesake = await stack.testbed.identity.tokenFor('alice', { sub: 'Alice' });
  expect((await stack.api.call(`/v1/changes/${change.id}`, { token: namesake })).status).toBe(404);
  const decision = { decision: 'approve', digest: change.digest };
  const answer = await stack.api.call(`/v1/changes/${change.id}/decisions`, { as: 'erin', body: decision });
  expect(answer.status).toBe(404);
  expect(await ids('', 'erin')).toEqual([]);
  expect(await ids('', 'adam')).toEqual([]);
});

test('changes are listed newest first, by filters, and a page at a time', async () => {
  const sn = randomUUID();
  const start = Date.parse('2026-11-24T09:00:00.000Z');
  const all: Change[] = [];
  for (let n = 0; n < 5; n++) {
    const submittedAt = new Date(start + Math.floor(n / 2) * 1000).toISOString();
    const change = await stack.stored(
      on(sn, {
        submittedAt,
        ...(n === 3
          ? {
              decisionStatus: 'approved',
              executionStatus: 'scheduled',
              ticket: { system: 'jira', id: `OPS-${sn}`, url: null },
              requester: stack.person('erin', 'requester'),
            }
          : {}),
      }),
    );
    all.push(change);
  }
  const newestFirst = [...all]
    .sort((a, b) =>
      a.submittedAt === b.submittedAt ? (a.id < b.id ? 1 : -1) : a.submittedAt < b.submittedAt ? 1 : -1,
    )
    .map(({ id }) => id);
  expect(await ids(`sn=${sn}`)).toEqual(newestFirst);
  expect(await ids(`scope.sn=${sn}`)).toEqual(newestFirst);

  const paged: string[] = [];
  let cursor: string | null = '';
  let pages = 0;
  while (cursor !== null) {
    const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { body } = await stack.api.call(`/v1/changes?sn=${sn}&limit=2${next}`, { as: 'dave' });
    paged.push(...(body.items as Change[]).map(({ id }) => id));
    cursor = body.nextCursor as string | null;
    pages += 1;
    // Submitted between two pages, it moves none of the others.
    if (pages === 1) await stack.stored(on(sn, { submittedAt: '2026-11-24T10:00:00.000Z' }));
  }
  expect(paged).toEqual(newestFirst);
  expect(pages).toBe(3);

  const special = all[3]?.id;
  for (const query of [
    `ticket=OPS-${sn}`,
    `sn=${sn}&requester=erin`,
    `sn=${sn}&decisionStatus=approved`,
    `sn=${sn}&executionStatus=scheduled`,
    `sn=${sn}&mqttInstanceId=${instance}&operation=ActiveCaCertificate&requester=erin`,
    `scope.sn=${sn}&scope.mqttInstanceId=${instance}&scope.regionId=cn-hangzhou&requester=erin`,
    `scope.sn=${sn}&mqttInstanceId=${instance}&requester=erin`,
  ]) {
    expect(await ids(query)).toEqual([special]);
  }
  for (const none of [
    `sn=${sn}x`,
    `sn=${sn}&operation=Other`,
    `sn=${sn}&mqttInstanceId=other`,
    `sn=${sn}&scope.regionId=cn-beijing`,
    `sn=${sn}&scope.device=x`,
    // A value, not a pattern.
    'scope.sn=*',
    'requester=e%25',
  ]) {
    expect(await ids(none)).toEqual([]);
  }
  expect(await ids(`sn=${sn}`, 'erin')).toEqual([special]);
  expect(await ids(`sn=${sn}`, 'alice')).toHaveLength(5);
});

test('break-glass changes that nobody has looked at, and those somebody has, can be found', async () => {
  const sn = randomUUID();
  const closedAt = '2026-11-24T10:00:00.000Z';
  const broken = (reviewStatus: 'owed' | 'signed' | 'none') =>
    stack.stored(on(sn, { breakGlass: true, reviewStatus, closedAt }));
  const [owed, signed] = [await broken('owed'), await broken('signed')];
  await broken('none');
  expect(await ids(`sn=${sn}&reviewStatus=owed`, 'olga')).toEqual([owed.id]);
  expect(await ids(`sn=${sn}&reviewStatus=signed`, 'dave')).toEqual([signed.id]);
});

test('awaiting=me is what an approver can decide, and nothing for others', async () => {
  const sn = randomUUID();
  const waiting = await stack.stored(on(sn));
  await stack.stored(on(sn, { decisionStatus: 'approved', executionStatus: 'scheduled' }));
  await stack.stored(on(sn, { requester: stack.person('bob', 'requester', 'approver') }));
  await stack.stored(on(sn, { digest: null, round: 0 }));
  await stack.stored(on(sn, { decideBy: '2026-01-01T00:00:00.000Z' }));
  expect(await ids(`awaiting=me&sn=${sn}`, 'bob')).toEqual([waiting.id]);
  for (const other of ['alice', 'dave', 'olga']) expect(await ids(`awaiting=me&sn=${sn}`, other)).toEqual([]);
});

test('an approver reads and lists what they may come to decide; what else they try is refused and recorded', async () => {
  const sn = randomUUID();
  const groups = { operations: { source: 'token' }, security: { source: 'token' } } as const;
  const of = (group: 'operations' | 'security') =>
    stack.stored(
      on(sn, {
        policy: { ...fourEyes, groups, stages: [{ name: 'one', groups: [{ group, threshold: 1 }] }] },
      }),
    );
  const theirs: string[] = [];
  for (let n = 0; n < 61; n++) theirs.push((await of(n % 30 === 0 ? 'security' : 'operations')).id);
  const franks = theirs.filter((_, n) => n % 30 === 0).sort();
  const bobs = theirs.filter((_, n) => n % 30 !== 0).sort();
  expect((await ids(`sn=${sn}&limit=200`, 'frank')).sort()).toEqual(franks);
  expect((await ids(`sn=${sn}&limit=200`, 'bob')).sort()).toEqual(bobs);
  expect((await ids(`sn=${sn}&limit=200`, 'dave')).sort()).toEqual([...theirs].sort());
  expect(await ids(`sn=${sn}`, 'adam')).toEqual([]);

  // Page by page it is the same list, and no page is short because of what lies between.
  const paged: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/v1/changes?sn=${sn}&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page = (await stack.api.call(path, { as: 'frank' })).body as unknown as {
      items: Change[];
      nextCursor: string | null;
    };
    paged.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
    if (cursor !== null) expect(page.items).toHaveLength(1);
  }
  expect(paged.sort()).toEqual(franks);

  const path = `/v1/changes/${bobs[0] ?? ''}`;
  expect((await stack.api.call(path, { as: 'bob' })).status).toBe(200);
  for (const call of [path, `${path}/events`]) {
    expect((await stack.api.call(call, { as: 'frank' })).body).toMatchObject({
      status: 404,
      code: 'not_found',
    });
  }
  const body = { decision: 'approve', digest: 'f'.repeat(64) };
  const tried = await stack.api.call(`${path}/decisions`, { as: 'frank', body });
  expect(tried.body).toMatchObject({ status: 403, code: 'not_an_approver' });
  const entries = (await stack.entries()).filter(({ changeId }) => changeId === bobs[0]);
  expect(entries).toMatchObject([{ type: 'decision.refused', outcome: 'not_an_approver' }]);
});

test('a repeated submission is answered from Postgres alone, also when it has long ended and its times are past', async () => {
  const key = randomUUID();
  const sn = randomUUID();
  const body = submission(sn, { decideBy: '2026-01-02T00:00:00Z', executeBy: '2026-01-03T00:00:00Z' });
  const change = await stack.stored(on(sn), { key, bodyDigest: digestOf(body) });
  const ended = closed(
    change,
    { outcome: { code: 'rejected', message: 'no' }, decisionStatus: 'rejected' },
    Date.now(),
  );
  for (const now of [change, ended]) {
    if (now === ended) {
      await saveChange(stack.worker, ended);
      await releaseTarget(stack.worker, change.id);
    }
    // No worker runs: the engine would have answered 503.
    const answer = await stack.api.call('/v1/changes', { body, headers: { 'idempotency-key': key } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('location')).toBe(`/v1/changes/${change.id}`);
    expect(answer.body).toMatchObject({
      id: change.id,
      version: now.version,
      decisionStatus: now.decisionStatus,
    });
  }
  const reordered = { ...Object.fromEntries(Object.entries(body).reverse()) };
  const answer = await stack.api.call('/v1/changes', {
    body: reordered,
    headers: { 'idempotency-key': key },
  });
  expect(answer.status).toBe(200);

  const other = { ...body, justification: 'something else' };
  const refused = await stack.api.call('/v1/changes', { body: other, headers: { 'idempotency-key': key } });
  expect(refused.body).toMatchObject({
    status: 422,
    code: 'key_reused',
    changeId: change.id,
    errors: [{ field: 'Idempotency-Key', rule: 'same_body' }],
  });
  const erin = await stack.api.call('/v1/changes', { as: 'erin', body, headers: { 'idempotency-key': key } });
  expect(erin.body).toMatchObject({ status: 400, code: 'invalid_request' });
});

test('a taken target is answered 409 with its change, by any key', async () => {
  const sn = randomUUID();
  const change = await stack.stored(on(sn, { target: caTarget(submission(sn).input) }));
  for (const as of ['alice', 'erin']) {
    const answer = await stack.api.call('/v1/changes', {
      as,
      body: submission(sn),
      headers: { 'idempotency-key': randomUUID() },
    });
    expect(answer.body).toMatchObject({ status: 409, code: 'open_change_exists', changeId: change.id });
  }
});

test('GET /v1/operations has the JSON Schema of each input, and what a change pins of it', async () => {
  const { body } = await stack.api.call('/v1/operations', { as: 'bob' });
  expect(body.items).toEqual(
    bundledOperations.map(({ name, version, title, service, inputSchema, inputSchemaDigest }) => ({
      ...{ name, version, title, service, inputSchemaDigest },
      input: inputSchema,
    })),
  );
  for (const { input } of body.items as { input: object }[]) {
    expect(input).toMatchObject({ type: 'object', additionalProperties: false });
  }
});

test.each(['withdrawal', 'execution', 'review', 'decisions'])(
  'an empty body says nothing: %s',
  async (word) => {
    const change = await stack.stored();
    const answer = await stack.api.call(`/v1/changes/${change.id}/${word}`, { as: 'alice', raw: '' });
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
  },
);
