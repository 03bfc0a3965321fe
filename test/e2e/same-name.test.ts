import { readFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { createStatementVerifier } from '../../identity/statement-signer.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { codeOf, decide, inMs, post } from '../support/steps.ts';

/* Two installations of one name in one namespace, by mistake: each with a database, keys and workers of its own. */

let right: Testbed;
let wrong: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;

beforeAll(async () => {
  right = await startTestbed();
  const { namespace, identity } = right;
  wrong = await startTestbed({ namespace, identity: { ...identity, stop: () => Promise.resolve() } });
  api = await startApi(right);
});
afterAll(async () => {
  expect(await findingsInLog(right)).toEqual([]);
  expect(await replayAll(right)).toBeGreaterThan(0);
  await api.stop();
  await wrong.stop();
  await right.stop();
});

/** Workers of the wrong database alone; `met` resolves once one has been given what it does not know. */
async function startWrong() {
  const alarms: string[] = [];
  const workers = await startWorkers(wrong, {
    alarm: (code, _message, details) => void alarms.push(`${code} ${String(details?.activity)}`),
  });
  const met = (activity: string) =>
    eventually(
      () => Promise.resolve(alarms.includes(`installation_not_alone ${activity}`) || null),
      () => alarms.join(),
      30_000,
    );
  onTestFinished(() => workers.stop().catch(() => undefined));
  return { ...workers, met };
}

async function asked(extra: object = {}): Promise<ChangeView> {
  const { id } = await post(api.users.alice, await right.certificate(), randomUUID(), extra);
  return changeThat(api.users.bob, id, (change) => change.digest !== null);
}

const ended = (id: string) => changeThat(api.users.bob, id, (change) => change.closedAt !== null);

test('a decision that a worker of the other database is given waits for a worker that has the change', async () => {
  const first = await startWorkers(right);
  const change = await asked();
  await first.stop();
  const others = await startWrong();
  const decided = codeOf(decide(api.users.bob, change));
  await others.met('record');
  const again = await startWorkers(right);
  await others.stop();
  await decided;
  expect(await ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
  await again.stop();
});

test('so does a call', async () => {
  const first = await startWorkers(right);
  const change = await asked({ executeAfter: inMs(4000) });
  await decide(api.users.bob, change);
  await first.stop();
  const others = await startWrong();
  await others.met('ActiveCaCertificate');
  const again = await startWorkers(right);
  await others.stop();
  expect(await ended(change.id)).toMatchObject({ executionStatus: 'succeeded' });
  await again.stop();
});

test('who asks is told that the change cannot be read here, where a worker with the same keys opens it elsewhere', async () => {
  const verifyStatement = createStatementVerifier([await readFile(right.keys.publicKey, 'utf8')]);
  const copy = await startWorkers(wrong, { verifyStatement });
  expect(await codeOf(post(api.users.alice, await right.certificate()))).toBe('change_not_here');
  await copy.stop();
});
