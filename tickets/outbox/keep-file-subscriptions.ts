import type { Pool } from 'pg';
import { CountersignError } from '../../domain/error.ts';
import type { Subscription } from '../../domain/subscription.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { lockSubscriptions } from '../../store/lock-subscriptions.ts';

/** A subscription as the file of COUNTERSIGN_INTEGRATIONS has it. */
export type FileSubscription = Pick<Subscription, 'name' | 'target' | 'filter'>;

/** Why a subscription is disabled that the file has no more. What is kept of its changes waits for its return. */
const notInFile = 'it is not in the file';

/**
 * Makes the subscriptions of the file those of the database: new ones begin at the log's end; one that the file has no more is
 * disabled and keeps what it knows of each change; one that has another receiver now is active again, and knows nothing.
 *
 * @param at - ISO 8601
 * @throws CountersignError `invalid_configuration` when an admin has made one of the same name through the API
 */
export async function keepFileSubscriptions(
  pool: Pool,
  subscriptions: readonly FileSubscription[],
  at: string,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    await lockSubscriptions(client, 'subscribe');
    const names = subscriptions.map(({ name }) => name);
    for (const { name, target, filter } of subscriptions) {
      // What is kept of each change, such as the id of its ticket, holds for the receiver that it was kept for; whoever delivers
      // to that one just now keeps nothing more.
      await client.query(
        `update countersign.outbox o set memory = null, leased_by = null from countersign.subscription s
          where s.name = $1 and s.source = 'file' and s.target <> $2 and o.subscription = s.name
            and (o.memory is not null or o.leased_by is not null)`,
        [name, target],
      );
      const { rowCount } = await client.query(
        `insert into countersign.subscription (name, source, target, filter, from_index, created_at)
         select $1, 'file', $2, $3, h.size, $4 from audit.head h
         on conflict (name) do update set target = excluded.target, filter = excluded.filter,
           paused_until = case when subscription.target = excluded.target then subscription.paused_until end,
           state = case when subscription.target <> excluded.target or subscription.disabled_reason = $5
                        then 'active' else subscription.state end,
           disabled_reason = case when subscription.target <> excluded.target or subscription.disabled_reason = $5
                                  then null else subscription.disabled_reason end
         where subscription.source = 'file'`,
        [name, target, filter, at, notInFile],
      );
      if (rowCount === 0) {
        throw new CountersignError(
          'invalid_configuration',
          `subscription ${name}: an admin has made one of this name through the API; expected another name`,
        );
      }
    }
    await client.query(
      `update countersign.subscription set state = 'disabled', disabled_reason = $2
        where source = 'file' and state = 'active' and name <> all($1)`,
      [names, notInFile],
    );
  });
}
