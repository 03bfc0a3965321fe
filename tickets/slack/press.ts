import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { sha256Hex } from '../../domain/text-schema.ts';
import type { SlackInteraction } from './inbound.ts';

/** A press, as it waits for its window. */
export type SlackPress = Pick<
  SlackInteraction,
  'action' | 'changeId' | 'round' | 'digest' | 'triggerId' | 'responseUrl'
>;

const schema = z.looseObject({
  action: z.enum(['approve', 'reject']),
  changeId: z.uuid(),
  round: z.int().min(1),
  digest: sha256Hex,
  triggerId: z.string().max(200).nullable(),
  responseUrl: z.string().max(2000).nullable(),
});

/** A press as the API leaves it for the deliverer, which opens the window. */
export function pressJson({
  action,
  changeId,
  round,
  digest,
  triggerId,
  responseUrl,
}: SlackPress): JsonObject {
  return { action, changeId, round, digest, triggerId, responseUrl };
}

/** Reads {@link pressJson}; null where it is none. Members that others have added are left out. */
export function readPress(json: JsonObject): SlackPress | null {
  const { success, data } = schema.safeParse(json);
  if (!success) return null;
  const { action, changeId, round, digest, triggerId, responseUrl } = data;
  return { action, changeId, round, digest, triggerId, responseUrl };
}
