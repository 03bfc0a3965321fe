import type { PoolClient } from 'pg';

/** Whether a change is approved and open as it is kept. If so, its row is locked until the transaction ends. */
export async function isApproved(client: PoolClient, id: string): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'is-approved',
    text: `select from countersign.change
      where id = $1 and closed_at is null and document->>'decisionStatus' = 'approved' for no key update`,
    values: [id],
  });
  return rowCount === 1;
}
