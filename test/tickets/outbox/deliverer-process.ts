import { makePool } from '../../../store/pool.ts';
import { startDeliverer } from '../../../tickets/outbox/deliverer.ts';
import { hookSink } from './outbox-testbed.ts';

/** What {@link ./killed.test.ts} tells this process: one receiver, and leases that end soon. */
export interface DelivererTask {
  readonly databaseUrl: string;
  readonly url: string;
  readonly deadlineMs: number;
}

const { databaseUrl, url, deadlineMs } = JSON.parse(process.argv[2] ?? '') as DelivererTask;
const pool = makePool({ connectionString: databaseUrl, applicationName: 'test deliverer' });
const sink = hookSink(url);
startDeliverer({ pool, log: { warn: () => undefined }, sinkOf: () => sink, deadlineMs, sweepMs: 100 });
