import { expect, onTestFinished, test } from 'vitest';
import { startServiceNow } from '../../../simulator/servicenow/server.ts';
import { approvalFields, approvalsIn } from '../../../tickets/servicenow/approvals.ts';
import { makeServiceNowClient } from '../../../tickets/servicenow/client.ts';
import { rowsOf } from '../../../tickets/servicenow/reader.ts';
import { putRecords, recordsOf } from '../../simulator/servicenow/control.ts';
import { secrets, settingsOf } from './settings-of.ts';

test('who has approved a ticket is read with the account that wrote it', async () => {
  const endpoint = await startServiceNow();
  onTestFinished(() => endpoint.close());
  const { url } = endpoint;
  const [change, other] = await putRecords(
    url,
    { table: 'change_request', values: {} },
    { table: 'change_request', values: {} },
  );
  const iris = (await recordsOf(url, 'sys_user')).find((user) => user['user_name'] === 'iris.lane');
  const [ticket = '', elsewhere = '', approver = ''] = [change, other, iris].map((row) => row?.['sys_id']);
  const approved = { sysapproval: ticket, approver, state: 'approved' };
  const [own] = await putRecords(
    url,
    { table: 'sysapproval_approver', values: approved, by: 'iris.lane' },
    { table: 'sysapproval_approver', values: approved, by: 'admin' },
    { table: 'sysapproval_approver', values: { ...approved, sysapproval: elsewhere }, by: 'iris.lane' },
  );
  const client = makeServiceNowClient(url, settingsOf(url).read, { fetch, secret: secrets.reader });
  const { signal } = new AbortController();
  const rows = await rowsOf(client, 'sysapproval_approver', '', approvalFields, 100, signal);
  expect(rows).toHaveLength(3);
  expect(approvalsIn(rows, ticket)).toEqual([
    { id: own?.['sys_id'], approver, decision: 'approve', at: own?.['sys_updated_on'] },
  ]);
});
