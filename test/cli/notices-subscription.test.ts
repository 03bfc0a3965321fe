import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readEnvironment } from '../../cli/environment.ts';
import { openIntegrations } from '../../cli/integrations.ts';
import { noticesSubscription } from '../../cli/notices-subscription.ts';
import { openOperations } from '../../cli/operations.ts';
import { openSinks } from '../../cli/sinks.ts';
import { noticedTypes } from '../../domain/notice.ts';
import { webhookSecret } from '../support/receiver.ts';
import { temporaryHome } from '../support/stack.ts';

const environment = (url?: string, secret?: string, more: NodeJS.ProcessEnv = {}) =>
  readEnvironment({ COUNTERSIGN_WEBHOOK_URL: url, COUNTERSIGN_WEBHOOK_SECRET: secret, ...more });
const url = 'https://hooks.example/in?token=very-secret';

async function opened(env: ReturnType<typeof environment>) {
  const operations = await openOperations(env);
  const reports = (): never => expect.fail('no ticket system');
  return openSinks(env, await openIntegrations(env), { operations, reports, holdersOf: reports });
}

test('the address and its secret are a subscription for what people are told of', async () => {
  const { subscriptions } = await opened(environment(url, webhookSecret));
  expect(subscriptions).toEqual([
    {
      name: 'notices',
      target: { kind: 'webhook', host: 'hooks.example', form: 'notices' },
      filter: { types: noticedTypes },
    },
  ]);
  expect(JSON.stringify(subscriptions)).not.toMatch(/very-secret|whsec_/);
});

test('without the address there is none', async () => {
  expect((await opened(environment(undefined, webhookSecret))).subscriptions).toEqual([]);
});

test.each([
  [url, []],
  ['https://10.0.0.7/in', []],
  ['http://127.0.0.1:9000/in', ['127.0.0.0/8', '::1/128']],
  ['http://[::1]:9000/in', ['127.0.0.0/8', '::1/128']],
  ['http://localhost:9000/in', ['127.0.0.0/8', '::1/128']],
])('%s may be in these special ranges: %j', (address, networks) => {
  expect(noticesSubscription(environment(address, webhookSecret))?.allowNetworks).toEqual(networks);
});

test.each([
  ['plain HTTP', 'http://hooks.example/x', webhookSecret, 'COUNTERSIGN_WEBHOOK_URL'],
  ['a name that begins as loopback', 'http://127.0.0.1.example/x', webhookSecret, 'COUNTERSIGN_WEBHOOK_URL'],
  ['a user in it', 'https://me:pass@hooks.example/x', webhookSecret, 'COUNTERSIGN_WEBHOOK_URL'],
  ['no secret', 'https://hooks.example/x', undefined, 'COUNTERSIGN_WEBHOOK_SECRET'],
  ['a secret that is none', 'https://hooks.example/x', 'secret', 'COUNTERSIGN_WEBHOOK_SECRET'],
  ['a short secret', 'https://hooks.example/x', 'whsec_c2hvcnQ=', 'COUNTERSIGN_WEBHOOK_SECRET'],
])('%s is refused', async (_what, address, secret, field) => {
  const error: unknown = await opened(environment(address, secret)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'invalid_configuration', errors: [{ field }] });
  expect(String(error)).not.toMatch(/whsec_c|pass@|: secret/);
});

test('a subscription of the file with its name is refused', async () => {
  const home = await temporaryHome();
  const file = join(home, 'integrations.yaml');
  await writeFile(join(home, 'secret'), webhookSecret);
  await writeFile(
    file,
    `subscriptions:
  - name: notices
    to: { webhook: { url: 'https://other.example/', secretFiles: ['${join(home, 'secret')}'], form: notices } }
`,
  );
  const alone = await opened(environment(undefined, undefined, { COUNTERSIGN_INTEGRATIONS: file }));
  expect(alone.subscriptions).toMatchObject([{ name: 'notices', target: { form: 'notices' }, filter: {} }]);
  await expect(
    opened(environment(url, webhookSecret, { COUNTERSIGN_INTEGRATIONS: file })),
  ).rejects.toMatchObject({
    code: 'invalid_configuration',
    errors: [{ field: 'COUNTERSIGN_WEBHOOK_URL', rule: 'unique' }],
  });
});
