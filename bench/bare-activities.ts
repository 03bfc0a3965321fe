import type { Pool } from 'pg';
import type { Implementation } from '../operations/implement.ts';
import { instance } from './testbed.ts';

/** Which run, and its certificate. */
export interface BareInput {
  readonly id: string;
  readonly sn: string;
}

/** Three plain single-row inserts, and one insert with one vendor call. */
export interface BareActivities {
  first(input: BareInput): Promise<void>;
  second(input: BareInput): Promise<void>;
  call(input: BareInput): Promise<void>;
  last(input: BareInput): Promise<void>;
}

export const bareTable = `create table if not exists bare (
  n bigint generated always as identity primary key, id uuid not null, step text not null,
  at timestamptz not null default now())`;

export function makeBareActivities(pool: Pool, vendor: Implementation): BareActivities {
  const insert = async ({ id }: BareInput, step: string): Promise<void> => {
    await pool.query('insert into bare (id, step) values ($1, $2)', [id, step]);
  };
  return {
    first: (input) => insert(input, 'first'),
    second: (input) => insert(input, 'second'),
    async call(input) {
      await insert(input, 'call');
      const ref = { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn: input.sn };
      const signal = AbortSignal.timeout(60_000);
      const send = await vendor.prepare(ref, { changeId: input.id, notAfter: Infinity, signal });
      const answer = typeof send === 'function' ? await send() : send;
      if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
    },
    last: (input) => insert(input, 'last'),
  };
}
