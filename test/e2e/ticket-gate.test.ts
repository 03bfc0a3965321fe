import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareChanges } from '../../audit/compare/compare-changes.ts';
import type { ShownEntry } from '../../client/api-client.ts';
import type { CountersignError } from '../../domain/error.ts';
import { policyChoice } from '../../policies/choose.ts';
import { onePolicy } from '../../policies/load.ts';
import { makePool } from '../../store/pool.ts';
import { problemsIn } from '../support/followed.ts';
import { approvalRequest, failureOf, startHost } from '../support/host.ts';
import { found, saved, unpacked, verified } from '../audit/pack-file.ts';
import { untilSealed } from '../audit/seal.ts';
import { codeOf, decide, entriesOf, inMs, stepsOf, post } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { policyWith } from '../support/policy.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { startTicketSystem } from '../support/ticket-system.ts';
import type { TestTicketSystem } from '../support/ticket-system.ts';
import { ticketRule } from '../support/ticket.ts';

/* A change and its ticket: what the ticket says decides whether people are asked, and whether a call is made. */

const hour = 3_600_000;
const ticket = ticketRule({
  types: ['Change'],
  sameTarget: { field: 'ci', member: null },
  window: { start: 'from', end: 'to' },
});
const policies = onePolicy(policyWith({ name: 'ticketed', ticket }));
let testbed: Testbed;
let host: Awaited<ReturnType<typeof startHost>>;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;
let system: TestTicketSystem;
let count = 0;

beforeAll(async () => {
  [testbed, system] = await Promise.all([startTestbed(), startTicketSystem()]);
  [api, workers] = await Promise.all([
    startApi(testbed, { policies }),
    startWorkers(testbed, {
      policies: policyChoice(policies),
      tickets: () => ({ jira: system.reader('jira') }),
      gateLongestMs: 1000,
    }),
  ]);
  host = await startHost(testbed);
  steps = stepsOf(api);
});
afterAll(async () => {
  await host.stop();
  await workers.stop();
  await api.stop();
  await system.close();
  await testbed.stop();
});

const targetOf = (sn: string) => `cn-hangzhou/${instance}/${sn}`;
const plan = (sn: string, from = inMs(-hour), to = inMs(hour)) => ({
  fields: { ci: targetOf(sn), from, to },
});

/** A certificate with a ticket that is right for it. */
async function ticketed(): Promise<{ sn: string; id: string; named: { ticket: object } }> {
  const sn = await testbed.certificate();
  count += 1;
  const id = `OPS-${count}`;
  system.put(id, plan(sn));
  return { sn, id, named: { ticket: { system: 'jira', id } } };
}

const held = (id: string) =>
  changeThat(api.users.bob, id, ({ waitsFor }) => waitsFor?.kind === 'ticket').then(
    ({ waitsFor }) => waitsFor,
  );

async function checks(id: string): Promise<ShownEntry[]> {
  return (await entriesOf(api.users.dave, id)).filter(({ type }) => type === 'ticket.checked');
}

/** What a verifier finds in the entries of a change. */
async function judged(
  id: string,
  of: (entries: readonly ShownEntry[]) => readonly ShownEntry[] = (all) => all,
): Promise<string[]> {
  const [entries, change] = await Promise.all([entriesOf(api.users.dave, id), api.users.dave.change(id)]);
  return problemsIn(of(entries), change).map(({ code }) => code);
}

async function refusalOf(work: Promise<unknown>): Promise<CountersignError> {
  return (await work.then(
    () => new Error('it was not refused'),
    (error: unknown) => error,
  )) as CountersignError;
}

describe('at the POST', () => {
  test.each<[string, object, string]>([
    ['no ticket', {}, 'ticket required'],
    ['one of another system', { ticket: { system: 'servicenow', id: 'CHG-1' } }, 'ticket.system one_of'],
  ])('%s is refused, by field and rule', async (_what, extra, rule) => {
    const sn = await testbed.certificate();
    const { code, errors } = await refusalOf(post(api.users.alice, sn, randomUUID(), extra));
    expect(code).toBe('invalid_request');
    expect(errors.map((error) => `${error.field} ${error.rule}`)).toEqual([rule]);
  });
});

describe('from a host’s workflow', () => {
  test('without a ticket, or with one of another system, nothing is opened', async () => {
    for (const named of [{}, { ticket: { system: 'servicenow', id: 'CHG-1', url: null } }]) {
      const sn = await testbed.certificate();
      const failure = await failureOf(await host.start('requireApproval', approvalRequest(sn, named)));
      expect(failure).toMatchObject({
        type: 'invalid_request',
        message: expect.stringContaining('ticket') as string,
      });
      expect((await api.users.bob.list(new URLSearchParams({ sn }))).items).toEqual([]);
    }
  });

  test('with a ticket that is right, people are asked', async () => {
    const { sn, id } = await ticketed();
    const ticketOfHost = { system: 'jira', id, url: null };
    const handle = await host.start('requireApproval', approvalRequest(sn, { ticket: ticketOfHost }));
    const { id: changeId } = await eventually(async () => {
      const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
      return items[0] ?? null;
    });
    await decide(api.users.bob, await changeThat(api.users.bob, changeId, ({ digest }) => digest !== null));
    expect(await handle.result()).toMatchObject({ executionStatus: 'succeeded' });
  });
});

describe('before people are asked', () => {
  test('what was read of the ticket is shown, and a call is made under it', async () => {
    const { sn, id, named } = await ticketed();
    const asked = await steps.asked(sn, named);
    const { fields } = plan(sn);
    expect(asked.ticketRead).toMatchObject({
      point: 'precheck',
      verdict: null,
      ticket: { id, key: id, type: 'Change', fields: { ci: fields.ci }, digest: /^[0-9a-f]{64}$/ },
    });
    await decide(api.users.bob, asked);
    const ended = await steps.ended(asked.id);
    expect(ended).toMatchObject({ executionStatus: 'succeeded', ticketRead: { point: 'before_call' } });
    expect((await checks(asked.id)).map(({ point, verdict }) => [point, verdict])).toEqual([
      ['precheck', null],
      ['before_call', null],
    ]);
    expect(await judged(asked.id)).toEqual([]);
    const isBefore = (e: ShownEntry) => e.type === 'ticket.checked' && e['point'] === 'before_call';
    expect(await judged(asked.id, (all) => all.filter((e) => !isBefore(e)))).toEqual(['ticket_not_checked']);
  });

  test('an evidence pack says so, and what is stored is what the log says', async () => {
    const { sn, id, named } = await ticketed();
    const { id: changeId } = await steps.approved(sn, named);
    await steps.ended(changeId);
    const signer = makePool({ connectionString: testbed.database.url('signer'), applicationName: 'test' });
    await untilSealed(signer);
    await signer.end();
    const stream = await api.users.dave.download(`/v1/audit/export?changeId=${changeId}`);
    const pack = await saved(Readable.fromWeb(stream));
    const keys = [
      await readFile(testbed.logPublicKey, 'utf8'),
      await readFile(testbed.keys.publicKey, 'utf8'),
    ];
    const verdict = await verified(pack, keys.join(''));
    expect(found(verdict)).toEqual([]);
    expect(verdict.result).toBe('valid');
    const files = await unpacked(await readFile(pack));
    const textOf = (name: string) => files.find((file) => file.name === name)?.data.toString() ?? '';
    expect(textOf('report.html')).toContain('ticket.checked');
    expect(textOf('report.html')).toContain(id);
    expect(textOf('ocsf.jsonl')).toContain('"event_code":"ticket.checked"');

    const open = await ticketed();
    const asked = await steps.asked(open.sn, open.named);
    const pool = makePool({ connectionString: testbed.database.url('superuser'), applicationName: 'test' });
    expect(await compareChanges(pool, [changeId, asked.id])).toEqual([]);
    await pool.query('delete from countersign.open_ticket where change_id = $1', [asked.id]);
    expect(await compareChanges(pool, [changeId, asked.id])).toEqual([
      { changeId: asked.id, fields: [{ field: 'ticket', logged: `jira:${open.id}`, stored: null }] },
    ]);
    await pool.end();
    await api.users.alice.post(`/v1/changes/${asked.id}/withdrawal`, { comment: '' });
  });

  test.each<[string, (sn: string) => Parameters<TestTicketSystem['put']>[1] | null, string]>([
    ['closed', () => ({ phase: 'done', state: 'Done' }), 'ticket_closed'],
    ['not there', () => null, 'ticket_not_found'],
    ['of another type', () => ({ type: 'Incident' }), 'ticket_not_allowed'],
    ['for another target', () => plan('another'), 'ticket_other_target'],
    [
      'planned for a time that is over',
      (sn) => plan(sn, inMs(-2 * hour), inMs(-hour)),
      'ticket_outside_window',
    ],
  ])('a ticket that is %s refuses the change', async (_what, more, code) => {
    const { sn, id, named } = await ticketed();
    const change = more(sn);
    if (change === null) system.remove(id);
    else system.put(id, change);
    const asked = await post(api.users.alice, sn, randomUUID(), named);
    const ended = await steps.ended(asked.id);
    expect(ended).toMatchObject({
      decisionStatus: 'refused',
      outcome: { code },
      ticketRead: { verdict: code },
    });
    expect(await judged(asked.id)).toEqual([]);
  });

  test('a system that does not answer is asked again, and the change says so meanwhile', async () => {
    const { sn, named } = await ticketed();
    await system.fail({ kind: 'status', status: 503 });
    const before = system.reads();
    const { id } = await post(api.users.alice, sn, randomUUID(), named);
    await eventually(async () => {
      const { calls } = (await (await fetch(`${system.url}/_sim/calls`)).json()) as { calls: object[] };
      return Promise.resolve(calls.length > 2 ? true : null);
    });
    expect(system.reads()).toBe(before);
    expect(await held(id)).toMatchObject({ reason: expect.stringContaining('answered 503') as string });
    expect(await api.users.bob.change(id)).toMatchObject({ digest: null, ticketRead: null });
    await system.mend();
    const shown = await changeThat(api.users.bob, id, ({ digest }) => digest !== null);
    expect(shown).toMatchObject({ waitsFor: null, ticketRead: { verdict: null } });
    // It was asked more than once: what came of it is told once.
    expect((await checks(id)).map(({ verdict }) => verdict)).toEqual(['ticket_unreachable', null]);
    expect(await judged(id)).toEqual([]);
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: '' });
  });
});

describe('after the approval and before the call', () => {
  test('closed while the target is being read, slowly: no call', async () => {
    const { sn, id, named } = await ticketed();
    const asked = await steps.asked(sn, named);
    const before = system.reads();
    await testbed.slowRead(sn, 2500);
    await decide(api.users.bob, asked);
    // The ticket was read beside the target, and was right.
    await eventually(() => Promise.resolve(system.reads() > before ? true : null));
    system.put(id, { phase: 'done', state: 'Done' });
    expect(await held(asked.id)).toMatchObject({ kind: 'ticket' });
    expect(await testbed.calls(sn)).toEqual([]);
    system.put(id, { phase: 'new', state: 'Open' });
    expect(await steps.ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
  });

  type Move = (id: string, sn: string) => unknown;
  test.each<[string, Move, Move, RegExp]>([
    [
      'closed',
      (id) => system.put(id, { phase: 'done', state: 'Done' }),
      (id) => system.put(id, { phase: 'new', state: 'Open' }),
      /closed/,
    ],
    [
      'planned for a later time',
      (id, sn) => system.put(id, plan(sn, inMs(hour), inMs(2 * hour))),
      (id, sn) => system.put(id, plan(sn)),
      /begins at/,
    ],
    [
      'given another target',
      (id) => system.put(id, plan('another')),
      (id, sn) => system.put(id, plan(sn)),
      /does not have the target's id/,
    ],
    [
      'put on hold',
      (id) => system.put(id, { onHold: true }),
      (id) => system.put(id, { onHold: false }),
      /on hold/,
    ],
    [
      'replaced by another one of its name',
      (id) => {
        system.put(id, { id: `other-${id}` });
      },
      (id) => system.put(id, { id }),
      /no such ticket/,
    ],
    [
      'out of reach',
      () => system.fail({ kind: 'status', status: 503 }),
      () => system.mend(),
      /jira: answered 503/,
    ],
    ['on a system that hangs', () => system.fail({ kind: 'hang' }), () => system.mend(), /no answer within/],
    [
      'on a system that resets connections',
      () => system.fail({ kind: 'reset' }),
      () => system.mend(),
      /jira: no answer/,
    ],
  ])(
    'a ticket that is %s: no call, and a call once it is right again',
    async (_what, spoil, mend, reason) => {
      const { sn, id, named } = await ticketed();
      const asked = await steps.asked(sn, named);
      await spoil(id, sn);
      await decide(api.users.bob, asked);
      expect((await held(asked.id))?.reason).toMatch(reason);
      expect(await testbed.calls(sn)).toEqual([]);
      await mend(id, sn);
      expect(await steps.ended(asked.id)).toMatchObject({ executionStatus: 'succeeded', waitsFor: null });
      expect(await testbed.calls(sn)).toHaveLength(1);
      expect(await judged(asked.id)).toEqual([]);
    },
  );

  test('a ticket that was renamed is the same one', async () => {
    const { sn, id, named } = await ticketed();
    const asked = await steps.asked(sn, named);
    system.put(id, { key: `NEW-${count}` });
    await decide(api.users.bob, asked);
    const ended = await steps.ended(asked.id);
    expect(ended.ticketRead?.ticket).toMatchObject({ id, key: `NEW-${count}` });
    expect(ended.executionStatus).toBe('succeeded');
  });

  test('a ticket that is closed between two attempts: no second one until it is open', async () => {
    const { sn, id, named } = await ticketed();
    await testbed.fault(sn, { kind: 'error', times: 1, delayMs: 1500 });
    const { id: changeId } = await steps.approved(sn, named);
    await changeThat(api.users.bob, changeId, ({ callUnderWay }) => callUnderWay !== null);
    system.put(id, { phase: 'cancelled', state: 'Cancelled' });
    await held(changeId);
    expect(await testbed.calls(sn)).toHaveLength(1);
    system.put(id, { phase: 'in_progress', state: 'Implement' });
    expect((await steps.ended(changeId)).attempts).toHaveLength(2);
    const told = await checks(changeId);
    expect(told.map(({ verdict }) => verdict)).toEqual([null, null, 'ticket_closed', null]);
    expect(await judged(changeId)).toEqual([]);
  });

  test('while it is held the log does not fill, and the change can be withdrawn', async () => {
    const { sn, id, named } = await ticketed();
    const asked = await steps.asked(sn, named);
    system.put(id, { phase: 'done', state: 'Done' });
    await decide(api.users.bob, asked);
    await held(asked.id);
    const reads = system.reads();
    await eventually(() => Promise.resolve(system.reads() > reads + 2 ? true : null));
    expect((await checks(asked.id)).map(({ verdict }) => verdict)).toEqual([null, 'ticket_closed']);
    await api.users.alice.post(`/v1/changes/${asked.id}/withdrawal`, { comment: 'closed' });
    expect((await steps.ended(asked.id)).decisionStatus).toBe('withdrawn');
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('what holds it changes: it is told what holds it now', async () => {
    const { sn, id, named } = await ticketed();
    const asked = await steps.asked(sn, named);
    const heldBy = (reason: RegExp) =>
      changeThat(api.users.bob, asked.id, ({ waitsFor }) => reason.test(waitsFor?.reason ?? ''));
    system.put(id, { phase: 'done', state: 'Done' });
    await decide(api.users.bob, asked);
    await heldBy(/closed/);
    system.put(id, { phase: 'new', state: 'Open', onHold: true });
    await heldBy(/on hold/);
    await system.fail({ kind: 'status', status: 503 });
    const unread = await heldBy(/answered 503/);
    // What was read of the ticket last is shown all the same.
    expect(unread.ticketRead).toMatchObject({ verdict: 'ticket_on_hold', ticket: { id, onHold: true } });
    system.put(id, { onHold: false });
    await system.mend();
    expect(await steps.ended(asked.id)).toMatchObject({ executionStatus: 'succeeded', waitsFor: null });
    const told = (await checks(asked.id)).map(({ verdict }) => verdict);
    expect(told).toEqual([null, 'ticket_closed', 'ticket_on_hold', 'ticket_unreachable', null]);
    expect(await judged(asked.id)).toEqual([]);
  });

  test('execute-by passes: the change ends without a call, and its end says why', async () => {
    const { sn, id, named } = await ticketed();
    const asked = await steps.asked(sn, { ...named, executeBy: inMs(6000), decideBy: inMs(5000) });
    system.put(id, { phase: 'done', state: 'Done' });
    await decide(api.users.bob, asked);
    const ended = await steps.ended(asked.id);
    expect(ended).toMatchObject({ executionStatus: 'cancelled', outcome: { code: 'execute_by_passed' } });
    expect(ended.outcome?.message).toMatch(/held by a ticket: .* is closed/);
  });
});

describe('one open change for each ticket', () => {
  async function second(id: string, other: string): Promise<unknown> {
    return post(api.users.erin, await testbed.certificate(), randomUUID(), {
      ticket: { system: 'jira', id: other },
    });
  }

  test('by its name, until the first change has ended', async () => {
    const { sn, id, named } = await ticketed();
    const first = await steps.asked(sn, named);
    const refusal = await refusalOf(second(id, id));
    expect(refusal).toMatchObject({
      code: 'ticket_taken',
      errors: [{ field: 'ticket', rule: 'one_open_change' }],
      extra: { changeId: first.id },
    });
    await api.users.alice.post(`/v1/changes/${first.id}/withdrawal`, { comment: '' });
    await steps.ended(first.id);
    const next = await testbed.certificate();
    system.put(id, plan(next));
    const again = await steps.asked(next, named);
    await api.users.alice.post(`/v1/changes/${again.id}/withdrawal`, { comment: '' });
  });

  test('by the id that stays, whatever its name is', async () => {
    const { sn, id, named } = await ticketed();
    const first = await steps.asked(sn, named);
    const other = await testbed.certificate();
    system.put(id, { ...plan(other), key: `NEW-${count}` });
    const asked = await post(api.users.erin, other, randomUUID(), {
      ticket: { system: 'jira', id: `NEW-${count}` },
    });
    const ended = await changeThat(api.users.erin, asked.id, (c) => c.closedAt !== null);
    expect(ended.outcome).toMatchObject({
      code: 'ticket_taken',
      message: `change ${first.id} is open under this ticket`,
    });
    expect(await judged(asked.id)).toEqual([]);
    await api.users.alice.post(`/v1/changes/${first.id}/withdrawal`, { comment: '' });
  });

  test('of several at once one is opened', async () => {
    const { id } = await ticketed();
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => codeOf(second(id, id))));
    expect(outcomes.filter((code) => code === null)).toHaveLength(1);
    expect(outcomes.filter((code) => code === 'ticket_taken')).toHaveLength(3);
  });
});
