import type { PoolClient } from 'pg';

/**
 * Marks an open attempt as sent, unless its change has ended, was stopped or is no longer approved. The row of the change is kept as it is
 * until the transaction ends.
 *
 * @param sentAt - ISO 8601
 * @returns false when the attempt has ended or was marked before, or the change has ended, was stopped or is no longer approved
 */
export async function markSent(
  client: PoolClient,
  attempt: { readonly changeId: string; readonly ordinal: number; readonly sentAt: string },
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'mark-sent',
    text: `update countersign.attempt set sent_at = $3
      where change_id = $1 and ordinal = $2 and outcome = 'open' and sent_at is null
        and exists (select from countersign.change
          where id = $1 and closed_at is null
            and document->>'decisionStatus' = 'approved' and document->>'standing' = 'going' for share)`,
    values: [attempt.changeId, attempt.ordinal, attempt.sentAt],
  });
  return rowCount === 1;
}
