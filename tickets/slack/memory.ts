import { z } from 'zod';
import type { JsonObject } from '../../domain/json.ts';
import { isoMoment, sha256Hex } from '../../domain/text-schema.ts';

const schema = z.strictObject({
  /** A post whose outcome has not been learned: where, and when it began. */
  tried: z.strictObject({ channel: z.string().max(50), at: isoMoment }).nullable(),
  message: z.strictObject({ channel: z.string().max(50), ts: z.string().max(50) }).nullable(),
  /** SHA-256 of what the message last said, without the time left. */
  said: sha256Hex.nullable(),
  /** How often a message was posted in place of one that was gone. */
  again: z.int().min(0),
  /** The newest reminder that was posted, by its place in the log. */
  reminded: z.int().min(0).nullable().default(null),
});

/** What is kept of a change's message. */
export type SlackMemory = z.infer<typeof schema>;

const nothing: SlackMemory = { tried: null, message: null, said: null, again: 0, reminded: null };

/** Reads what was kept. @throws TypeError for what this sink never keeps: to post anew could make a second message */
export function readMemory(kept: JsonObject | null): SlackMemory {
  if (kept === null) return nothing;
  const { success, data } = schema.safeParse(kept);
  if (!success) throw new TypeError('the memory of a Slack message is not as it was kept');
  return data;
}
