import { randomUUID } from 'node:crypto';
import type { ChangeView } from '../../api/change-view.ts';
import type { ApiClient, ShownEntry } from '../../client/api-client.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { SignedStatement } from '../../domain/statement.ts';
import { changeThat, eventually, submission } from './service.ts';
import type { startApi } from './service.ts';

/** A moment so many ms from now, ISO 8601. */
export const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

export function post(
  by: ApiClient,
  sn: string,
  key: string = randomUUID(),
  extra: object = {},
): Promise<ChangeView> {
  return by.post('/v1/changes', submission(sn, extra), { 'Idempotency-Key': key });
}

export function decide(
  by: ApiClient,
  change: ChangeView,
  decision: 'approve' | 'reject' = 'approve',
): Promise<ChangeView> {
  return by.post(`/v1/changes/${change.id}/decisions`, { decision, digest: change.digest, comment: 'seen' });
}

/** The code of a refusal, or null when the call went well. */
export function codeOf(work: Promise<unknown>): Promise<string | null> {
  return work.then(
    () => null,
    (error: unknown) => String((error as { code?: unknown }).code),
  );
}

/** A change's entries, once all have their place in the log. */
export function entriesOf(by: ApiClient, id: string): Promise<ShownEntry[]> {
  return eventually(async () => {
    const found = await by.events(id);
    return found.every((e) => e.index !== null) ? found : null;
  });
}

/** The first approval of a change, as the API signed it and the log has it. */
export async function approvalOf(by: ApiClient, { id }: ChangeView): Promise<SignedStatement> {
  const entries = (await entriesOf(by, id)) as unknown as EntryBody[];
  const { statement, signature } = entries.find(({ type }) => type === 'decision.approved') as unknown as {
    statement: SignedStatement['statement'];
    signature: { keyId: string; value: string };
  };
  return { statement, keyId: signature.keyId, signature: signature.value };
}

/** The steps of a change's way, taken by the demo users: alice asks, bob approves. */
export function stepsOf({ users }: Awaited<ReturnType<typeof startApi>>) {
  /** Asked for, and read by the precheck. */
  async function asked(sn: string, extra: object = {}): Promise<ChangeView> {
    const { id } = await post(users.alice, sn, randomUUID(), extra);
    return changeThat(users.alice, id, (c) => c.digest !== null);
  }
  return {
    asked,
    approved: async (sn: string, extra: object = {}) => decide(users.bob, await asked(sn, extra)),
    ended: (id: string) => changeThat(users.alice, id, (c) => c.closedAt !== null),
  };
}
export type Steps = ReturnType<typeof stepsOf>;
