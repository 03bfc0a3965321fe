/**
 * Calls the vendor as fast as the pace allows, as a worker does: `node saturating-worker.ts '<JSON of SaturationTask>'`.
 * Says `ready` on its output, begins at the first line of its input, and ends with a line of JSON ({@link Saturated}).
 */
import { once } from 'node:events';
import { createCallPace } from '../../onsmqtt/call-pace.ts';
import { caCertificateClient } from '../support/ca-certificate-client.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { claimCalls } from '../../store/claim-calls.ts';
import { makePool } from '../../store/pool.ts';

export interface SaturationTask {
  readonly endpoint: string;
  readonly databaseUrl: string;
  readonly account: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly mqttInstanceId: string;
  readonly sn: string;
  /** How many callers wait at once. */
  readonly callers: number;
  /** How long calls are begun, ms. */
  readonly forMs: number;
}

export interface Saturated {
  readonly answered: number;
  readonly faults: Record<string, number>;
  /** Claims of slots, and the slowest of them, ms. */
  readonly claims: number;
  readonly slowestClaimMs: number;
}

const task = JSON.parse(process.argv[2] ?? '') as SaturationTask;
const pool = makePool({ connectionString: task.databaseUrl, applicationName: 'saturating worker' });
await pool.query('select 1');
let claims = 0;
let slowestClaimMs = 0;
const onsMqtt = caCertificateClient({
  endpoint: task.endpoint,
  credential: () => createCredential(task),
  deadlineMs: 30_000,
  pace: createCallPace({
    callsPerSecond: 500,
    claimSlots: async (count, intervalMicros) => {
      const asked = performance.now();
      const claimed = await claimCalls(pool, { account: task.account, count, intervalMicros });
      claims += 1;
      slowestClaimMs = Math.max(slowestClaimMs, performance.now() - asked);
      return claimed;
    },
  }),
});
process.stdout.write('ready\n');
await once(process.stdin, 'data');

const until = performance.now() + task.forMs;
let answered = 0;
const faults: Record<string, number> = {};
await Promise.all(
  Array.from({ length: task.callers }, async () => {
    while (performance.now() < until) {
      const answer = await onsMqtt.activeCaCertificate({ regionId: 'cn-hangzhou', ...task }, task.account);
      if (answer.ok) answered += 1;
      else
        faults[`${answer.code}: ${answer.message}`] = (faults[`${answer.code}: ${answer.message}`] ?? 0) + 1;
    }
  }),
);
await pool.end();
const result: Saturated = { answered, faults, claims, slowestClaimMs };
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
