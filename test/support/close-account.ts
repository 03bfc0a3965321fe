import type { Declaration } from '../../domain/declaration.ts';

/** A declared operation, as its file is read. */
export const closeAccount: Declaration = {
  name: 'CloseAccount',
  version: '1',
  title: 'Close an account for good',
  service: 'accounts',
  input: {
    type: 'object',
    additionalProperties: false,
    required: ['region', 'account'],
    properties: {
      region: { type: 'string', enum: ['eu', 'us'], title: 'Region' },
      account: { type: 'string', pattern: '^A-[0-9]{1,10}$', title: 'Account' },
      note: { type: 'string', maxLength: 200 },
      limit: { type: 'number', minimum: 1 },
    },
  },
  target: {
    id: 'accounts/{input.region}/{input.account}',
    scope: { region: '{input.region}', account: '{input.account}' },
    label: 'account {input.account} in {input.region}',
  },
  snapshot: {
    type: 'object',
    required: ['owner', 'state'],
    properties: {
      owner: { type: 'string', title: 'Owner' },
      state: { type: 'string', title: 'State' },
    },
  },
  output: {
    type: 'object',
    additionalProperties: false,
    required: ['receipt'],
    properties: { receipt: { type: 'string' } },
  },
  worker: {
    ...{ taskQueue: 'accounts', read: 'read_account', call: 'close_account' },
    ...{ readSeconds: 20, callSeconds: 60, heartbeatSeconds: 5 },
    failures: { Busy: 'throttled', Refused: 'permanent' },
  },
};
