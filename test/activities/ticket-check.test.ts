import { asyncLocalStorage } from '@temporalio/activity';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { makeTicketCheck } from '../../activities/ticket-check.ts';
import { writeEnd } from '../../activities/write-end.ts';
import { workflowIdOf } from '../../domain/change.ts';
import type { Change } from '../../domain/change.ts';
import { decide } from '../../domain/decide.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { insertOpenTarget } from '../../store/insert-open-target.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { RemoteError } from '../../tickets/remote-error.ts';
import { change } from '../store/change-fixture.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { ticketRule } from '../support/ticket.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = makePool({ connectionString: database.url('worker'), applicationName: 'test', max: 5 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function withdrawn({ id, ...open }: Change): Promise<void> {
  const end = { decisionStatus: 'withdrawn', outcome: { code: 'withdrawn', message: 'withdrawn' } } as const;
  const verdict = decide({ id, ...open }, { kind: 'close', end }, { now: Date.now() });
  if ('refusal' in verdict) throw verdict.refusal;
  const events = verdict.events.map((event) => ({ event, ordinal: 1 }));
  await writeEnd(pool, id, { namespace: 'test', workflowId: workflowIdOf(id) }, () => events);
}

/** Does something as an activity does it, as far as the check asks. */
function inActivity<T>(work: () => Promise<T>): Promise<T> {
  const info = { namespace: 'test', activityId: '1', attempt: 1, currentAttemptScheduledTimestampMs: 0 };
  const context = { info, cancellationSignal: new AbortController().signal };
  return asyncLocalStorage.run(context as never, work);
}

test.each<[string, (open: Change) => Promise<void>, string[]]>([
  ['waits', () => Promise.resolve(), ['ticket_unreachable']],
  ['ended meanwhile', withdrawn, []],
])('a change that %s while its ticket could not be read', async (_what, meanwhile, told) => {
  const policy = { ...fourEyes, ticket: ticketRule({ system: 'jira' }) };
  const open = { ...change(), policy, ticket: { system: 'jira', id: 'OPS-1', url: null } };
  await saveChange(pool, open);
  await insertOpenTarget(pool, { targetId: open.target.id, changeId: open.id });
  const check = makeTicketCheck({
    pool,
    tickets: () => ({
      jira: {
        async read() {
          await meanwhile(open);
          throw new RemoteError('failed', 'Jira answered 503');
        },
      },
    }),
  });
  const asking = () => check.ask(open).then((answer) => check.refusal(open, answer));
  const failure: unknown = await inActivity(asking).catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'ticket_unreachable', message: 'jira: Jira answered 503' });
  const { rows } = await pool.query<{ verdict: string }>(
    `select convert_from(bytes, 'utf8')::json ->> 'verdict' as verdict from audit.entry
      where change_id = $1 and type = 'ticket.checked'`,
    [open.id],
  );
  expect(rows.map(({ verdict }) => verdict)).toEqual(told);
});
