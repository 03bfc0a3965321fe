import { afterAll, beforeAll, expect, test } from 'vitest';
import { csvLine } from '../../audit/pack/csv.ts';
import { ocsfLine } from '../../audit/pack/ocsf.ts';
import { draftReport } from '../../audit/pack/report.ts';
import { columnsOf } from '../../audit/columns.ts';
import { renderChange, renderEntry } from '../../cli/render.ts';
import type { Change } from '../../domain/change.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { getChange } from '../../store/get-change.ts';
import { makePool } from '../../store/pool.ts';
import { factsOf } from '../../tickets/change-facts.ts';
import { newTicketOf } from '../../tickets/desired-ticket.ts';
import { factFields } from '../../tickets/slack/change-text.ts';
import { viewOf } from '../../tickets/webhook/message.ts';
import { approvalRequest } from '../support/host.ts';
import { startHosting } from '../support/hosting.ts';
import type { Hosting } from '../support/hosting.ts';
import { decide } from '../support/steps.ts';

/* A change that a workflow asks for in somebody's name is shown everywhere as that host's word, and judged as such. */

let hosting: Hosting;
let testbed: Hosting['testbed'];
let api: Hosting['api'];
let host: Hosting['host'];

beforeAll(async () => {
  hosting = await startHosting();
  ({ testbed, api, host } = hosting);
});
afterAll(async () => {
  await hosting.stop();
});

test('the host is named wherever the requester is', { timeout: 120_000 }, async () => {
  const sn = await testbed.certificate();
  const handle = await host.start('requireApproval', approvalRequest(sn));
  const shown = await hosting.asked(sn);
  const { id } = shown;
  const vouchedBy = {
    namespace: testbed.namespace,
    type: 'requireApproval',
    workflowId: handle.workflowId,
  };
  const { requester } = shown;
  expect(requester).toMatchObject({ vouchedBy });
  const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
  expect(items).toMatchObject([{ requester: { vouchedBy } }]);

  const pool = makePool({ connectionString: testbed.database.url('reader'), applicationName: 'test reader' });
  const change = (await getChange(pool, id)) as Change;
  await pool.end();
  const entries = await api.users.dave.events(id);
  const requested = entries.find(({ type }) => type === 'change.requested');
  const { index: _, key: _key, leafHash: _hash, ...body } = requested as unknown as EntryBody;
  const entry = { index: 1, body: body, leafHash: '00', columns: columnsOf(body) };
  const report = draftReport({ kind: 'change', changeId: id });
  report.add(entry);
  const manifest = {
    ...{ covers: { kind: 'change', changeId: id }, log: 'log', madeAt: entry.columns.time, since: null },
    ...{
      checkpoint: { origin: 'log', size: 1, root: '00' },
      counts: { entries: 1, changes: 1, context: {}, types: {} },
    },
    ...{ files: [], notProven: [] },
  };
  const texts: Record<string, string> = {
    command: renderChange(shown).join('\n'),
    entry: renderEntry(requested as never),
    facts: factsOf(change, Date.now())
      .map(({ text }) => text)
      .join('\n'),
    ticket: newTicketOf(change, null).description,
    csv: csvLine(entry),
    ocsf: ocsfLine(entry, 'log'),
    slack: JSON.stringify(factFields(change, null)),
    report: report.render(manifest as never),
  };
  for (const [where, text] of Object.entries(texts)) {
    expect(text, where).toContain(`vouched for by host requireApproval ${handle.workflowId}`);
  }
  expect(viewOf(change)).toMatchObject({ requester: { vouchedBy } });
  await decide(api.users.bob, shown);
  expect(await handle.result()).toMatchObject({ executionStatus: 'succeeded' });
});
