import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openInboundWork } from '../../cli/inbound-work.ts';
import type { Change } from '../../domain/change.ts';
import { integrationsDocument } from '../../tickets/integrations.ts';
import { refusalText } from '../../tickets/slack/person-text.ts';
import { pressJson } from '../../tickets/slack/press.ts';
import { change as changeFixture } from '../store/change-fixture.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { operations } from '../support/operations.ts';
import { policyWith } from '../support/policy.ts';
import { temporaryHome } from '../support/stack.ts';

let database: TestDatabase;
let pool: pg.Pool;
let home: string;
let slack: Server;
let url: string;
/** What Slack heard: the path and the text of each request. */
const heard: { readonly path: string; readonly text: string }[] = [];

beforeAll(async () => {
  database = await cloneDatabase();
  pool = new pg.Pool({ connectionString: database.url('superuser'), max: 1 });
  pool.on('error', () => undefined);
  home = await temporaryHome();
  await writeFile(join(home, 'token'), 'xoxb-local\n');
  slack = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      heard.push({ path: request.url ?? '', text });
      response.setHeader('content-type', 'application/json').end('{"ok":true}');
    });
  });
  await new Promise<void>((resolve) => slack.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(slack.address() as AddressInfo).port}`;
});
afterAll(async () => {
  slack.closeAllConnections();
  await new Promise((resolve) => slack.close(resolve));
  await pool.end();
  await database.drop();
  await rm(home, { recursive: true, force: true });
});
beforeEach(() => {
  heard.length = 0;
});

/** What Slack hears when somebody has pressed Approve of a change, of which something else is stored. */
async function pressed(stored: (change: Change) => Change): Promise<typeof heard> {
  const policy = policyWith({ channels: [{ name: 'slack', mode: 'decide' }] });
  const change = changeFixture({ policy });
  await pool.query(
    'insert into countersign.change (id, version, document, submitted_at) values ($1, 1, $2, $3)',
    [change.id, JSON.stringify(stored(change)), change.submittedAt],
  );
  const settings = { kind: 'slack', url, team: 'T1', channel: 'C1', tokenFile: join(home, 'token') };
  const integrations = integrationsDocument.parse({ systems: { slack: settings } });
  const { handlers } = await openInboundWork(integrations, { pool, operations, fetch, now: Date.now });
  await handlers.open(
    'slack',
    pressJson({
      action: 'approve',
      changeId: change.id,
      round: change.round,
      digest: change.digest ?? '',
      triggerId: 'trigger',
      responseUrl: `${url}/respond`,
    }),
  );
  return heard;
}

test('a press of a change opens its window', async () => {
  const paths = (await pressed((change) => change)).map(({ path }) => path);
  expect(paths).toEqual(['/api/views.open']);
});

test.each<[string, (change: Change) => Change]>([
  ['another input', (change) => ({ ...change, input: { ...change.input, sn: 'another' } })],
  ['another justification', (change) => ({ ...change, justification: 'nothing much' })],
  ['another snapshot', (change) => ({ ...change, snapshot: { status: '1' } })],
  [
    'a weaker policy',
    (change) => ({ ...change, policy: { ...change.policy, commentRequired: 'never' as const, name: 'x' } }),
  ],
])(
  'a press of a change that is stored with %s opens nothing, and the person is told',
  async (_name, stored) => {
    const [told, ...more] = await pressed(stored);
    expect(more).toEqual([]);
    expect(told?.path).toBe('/respond');
    expect(JSON.parse(told?.text ?? '')).toMatchObject({ text: refusalText('stored_change_differs') });
  },
);
