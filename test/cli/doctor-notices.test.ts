import { afterAll, beforeAll, expect, test } from 'vitest';
import { examine } from '../../cli/doctor.ts';
import { examineNotices } from '../../cli/doctor-notices.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { disableSubscription } from '../../tickets/outbox/disable-subscription.ts';
import { keepFileSubscriptions } from '../../tickets/outbox/keep-file-subscriptions.ts';
import { RemoteError } from '../../tickets/remote-error.ts';
import { startOutboxTestbed, until } from '../tickets/outbox/outbox-testbed.ts';
import type { OutboxTestbed } from '../tickets/outbox/outbox-testbed.ts';
import { webhookSecret } from '../support/receiver.ts';

let testbed: OutboxTestbed;
beforeAll(async () => {
  testbed = await startOutboxTestbed();
});
afterAll(() => testbed.stop());

const found = (host: string, role: 'reader' | 'worker' = 'reader') =>
  examineNotices(testbed.pool(role), host);
const take = (host: string) =>
  keepFileSubscriptions(
    testbed.pool('deliverer'),
    [{ name: 'notices', target: { kind: 'webhook', host, form: 'notices' }, filter: {} }],
    new Date().toISOString(),
  );

test('doctor says whether a deliverer brings notices, and how far it is', async () => {
  expect(await found('hooks.example')).toMatchObject({
    ok: false,
    remedy: expect.stringContaining('start countersign deliverer') as string,
  });
  await take('hooks.example');
  expect(await found('hooks.example')).toEqual({
    ok: true,
    found: 'brought to hooks.example; 0 changes behind',
    remedy: '',
  });
  expect(await found('other.example')).toMatchObject({
    ok: false,
    found: 'the deliverer brings them elsewhere',
  });
  expect(await found('hooks.example', 'worker')).toMatchObject({ ok: true });

  const refusing = { deliver: () => Promise.reject(new RemoteError('denied', 'answered 401')) };
  const deliverer = testbed.deliver({ notices: refusing });
  const [change] = await testbed.ask(1);
  await until(async () => (await testbed.row('notices', change?.id ?? ''))?.lastError === 'answered 401');
  await deliverer.stop();
  expect(await found('hooks.example')).toMatchObject({
    ok: false,
    found: expect.stringMatching(
      /^1 changes behind, 0 dead letters; fails since .*: answered 401$/,
    ) as string,
  });
  await disableSubscription(testbed.pool('deliverer'), 'notices', 'answered 410');
  expect(await found('hooks.example')).toMatchObject({ ok: false, found: 'disabled: answered 410' });
});

test('it says so among its other findings, and nothing where there is no address', async () => {
  const notices = async (more: NodeJS.ProcessEnv) => {
    const env = { COUNTERSIGN_HOME: '/nowhere', DATABASE_URL: testbed.database.url('reader'), ...more };
    return (await examine(readEnvironment(env))).find(({ name }) => name === 'Notices');
  };
  expect(await notices({})).toBeUndefined();
  const set = {
    COUNTERSIGN_WEBHOOK_URL: 'https://nobody.example/x',
    COUNTERSIGN_WEBHOOK_SECRET: webhookSecret,
  };
  expect(await notices(set)).toMatchObject({ ok: false });
  expect(await notices({ ...set, COUNTERSIGN_WEBHOOK_SECRET: 'none' })).toMatchObject({
    ok: false,
    found: expect.stringContaining('COUNTERSIGN_WEBHOOK_SECRET: must be whsec_') as string,
  });
});
