import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startDingTalk } from '../../../simulator/dingtalk/server.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import {
  faultOfErrcode,
  makeDingTalkRobotSink,
  robotSignature,
} from '../../../tickets/dingtalk/robot-sink.ts';
import type { RobotDependencies } from '../../../tickets/dingtalk/robot-sink.ts';
import { RemoteError } from '../../../tickets/remote-error.ts';
import { DingTalkControl } from '../../simulator/dingtalk/control.ts';
import { Deliveries, ToldChange } from '../told-change.ts';

const token = 'a-robot-token';
const secret = 'SECa-robot-secret';
let dingTalk: RestEndpoint;
let control: DingTalkControl;

beforeAll(async () => {
  dingTalk = await startDingTalk({ robots: { [token]: secret } });
  control = new DingTalkControl(dingTalk.url);
});
afterAll(() => dingTalk.close());
beforeEach(() => control.clear());

function sinkOf(more: Partial<RobotDependencies> = {}) {
  const linkOf = (id: string) => `https://countersign.example/changes/${id}`;
  return makeDingTalkRobotSink({ url: dingTalk.url, token, secret, fetch, linkOf, now: Date.now, ...more });
}

async function titles(): Promise<string[]> {
  const messages = await control.messages();
  return messages.map(({ body }) => (body['actionCard'] as { title: string }).title.split(':')[0] ?? '');
}

async function faultOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'delivered',
    (error: unknown) => (error instanceof RemoteError ? error.fault : error),
  );
}

test('the signature is the one of the documentation', () => {
  // Made with Python's hmac: base64(hmac_sha256("SECx", "1700000000000\nSECx")).
  expect(robotSignature('SECx', 1_700_000_000_000)).toBe('rgcjbH+yFyES+S0llX+cAPCwVRpsr7sbiX5Lnyo/ocU=');
});

describe('a message for each thing that people are told of', () => {
  test('as the change goes on', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    const sink = sinkOf();
    for (const steps of [['requested', 'prechecked'], ['approved', 'scheduled'], ['closed']] as const) {
      const entries = change.tell(...steps);
      expect(await sink.deliver(deliveries.of(entries))).toBe(entries.length);
    }
    expect(await titles()).toEqual(['Approval wanted', 'Approved', 'Ended, succeeded']);
  });

  test('after an outage nobody is asked for what is decided', async () => {
    const change = new ToldChange();
    const entries = change.tell('requested', 'prechecked', 'approved', 'scheduled', 'closed');
    expect(await sinkOf().deliver(new Deliveries(change).of(entries))).toBe(5);
    expect(await titles()).toEqual(['Approved', 'Ended, succeeded']);
  });

  test('a repeat after a kill sends nothing twice', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    const entries = change.tell('requested', 'prechecked', 'approved', 'scheduled', 'closed');
    await sinkOf().deliver(deliveries.of(entries));
    await sinkOf().deliver(deliveries.of(entries));
    // Killed before anything was kept: the same ids, so the receiver can tell.
    deliveries.memory = null;
    await sinkOf().deliver(deliveries.of(entries));
    expect(await titles()).toHaveLength(2);
  });

  test('what was sent before a failure counts as delivered', async () => {
    const change = new ToldChange();
    const deliveries = new Deliveries(change);
    const entries = change.tell('requested', 'prechecked', 'approved', 'scheduled', 'closed');
    let sent = 0;
    const failing = sinkOf({
      fetch: async (...parameters) => {
        sent += 1;
        if (sent === 2) throw new TypeError('fetch failed');
        return await fetch(...parameters);
      },
    });
    expect(await failing.deliver(deliveries.of(entries))).toBe(4);
    expect(await failing.deliver(deliveries.of(entries.slice(4)))).toBe(1);
    expect(await titles()).toEqual(['Approved', 'Ended, succeeded']);
  });
});

describe('what goes wrong', () => {
  const told = () => {
    const change = new ToldChange();
    return new Deliveries(change).of(change.tell('requested', 'prechecked'));
  };

  test.each<[string, Partial<RobotDependencies>, string]>([
    ['a wrong secret', { secret: 'SECother' }, 'denied'],
    ['a wrong token', { token: 'other' }, 'denied'],
    ['a clock that is two hours off', { now: () => Date.now() - 7_200_000 }, 'denied'],
    ['nobody there', { url: 'http://127.0.0.1:1' }, 'unreachable'],
  ])('%s', async (_name, more, fault) => {
    expect(await faultOf(sinkOf(more).deliver(told()))).toBe(fault);
  });

  test.each([
    ['500', { kind: 'status', status: 500 } as const, 'failed'],
    ['429', { kind: 'status', status: 429, headers: { 'retry-after': '7' } } as const, 'throttled'],
    [
      'a redirect',
      { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:1' } } as const,
      'refused',
    ],
    ['a reset', { kind: 'reset' } as const, 'unreachable'],
    [
      'busy',
      { kind: 'status', status: 200, body: { errcode: -1, errmsg: 'system busy' } } as const,
      'failed',
    ],
    ['no errcode', { kind: 'status', status: 200, body: {} } as const, 'failed'],
    [
      'words that it does not let pass',
      { kind: 'status', status: 200, body: { errcode: 430_104 } } as const,
      'refused',
    ],
  ])('%s', async (_name, what, fault) => {
    await control.fail({ path: '/robot/send', ...what });
    expect(await faultOf(sinkOf().deliver(told()))).toBe(fault);
  });

  test('no error has the token, the secret or the address in it', async () => {
    await control.fail({ kind: 'status', status: 500, body: { code: token, message: secret } });
    const errors = [
      await sinkOf().deliver(told()).catch(String),
      await sinkOf({ url: 'http://127.0.0.1:1' }).deliver(told()).catch(String),
    ];
    expect(errors.join()).toMatch(/DingTalk/);
    expect(errors.join()).not.toMatch(/robot-token|SECa|127\.0\.0\.1/);
  });
});

describe('20 messages a minute', () => {
  test('are never reached: DingTalk would take none for ten minutes', async () => {
    const sink = sinkOf();
    const outcomes: unknown[] = [];
    for (let i = 0; i < 20; i += 1) {
      const change = new ToldChange();
      const delivery = new Deliveries(change).of(change.tell('requested', 'prechecked'));
      outcomes.push(await faultOf(sink.deliver(delivery)));
    }
    expect(outcomes).toEqual([...Array<string>(18).fill('delivered'), 'throttled', 'throttled']);
    expect(await titles()).toHaveLength(18);
  });

  test('where others use the robot too, and it is blocked, ten minutes are waited', async () => {
    await control.fail({ kind: 'status', status: 200, body: { errcode: 130_101, errmsg: 'send too fast' } });
    const change = new ToldChange();
    const delivery = new Deliveries(change).of(change.tell('requested', 'prechecked'));
    await expect(sinkOf().deliver(delivery)).rejects.toMatchObject({
      fault: 'throttled',
      retryAfterMs: 600_000,
    });
  });
});

test.each([
  [130_101, 'throttled'],
  [310_000, 'denied'],
  [400_102, 'denied'],
  [430_101, 'refused'],
  [-1, 'failed'],
  [99, 'failed'],
  [null, 'failed'],
] as const)('errcode %s is %s', (code, fault) => {
  expect(faultOfErrcode(code)).toBe(fault);
});
