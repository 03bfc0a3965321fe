import { z } from 'zod';
import { openGenerations } from './generations.ts';
import type { Generations } from './generations.ts';

const witnessMemory = z.object({
  v: z.literal(1),
  /** The tree that was cosigned last, by the origin of its log. */
  cosigned: z.record(
    z.string(),
    z.object({ size: z.int().min(0), root: z.string().regex(/^[A-Za-z0-9+/]{43}=$/), time: z.int().min(0) }),
  ),
});

/** What a witness remembers. */
export type WitnessMemory = z.infer<typeof witnessMemory>;

/** Opens the witness's memory in a folder; what it holds is checked on each reading. */
export function openWitnessMemory(folder: string): Promise<Generations<WitnessMemory>> {
  return openGenerations(folder, (json) => witnessMemory.parse(json));
}

/** What a witness without memory says. */
export const witnessForgot =
  'this witness has lost its memory, so it cosigns nothing: bring the memory back, or begin another with countersign witness --first';

/**
 * Begins the memory of a witness that has cosigned nothing yet.
 *
 * @returns false when there is one already, which stays as it is
 */
export async function beginWitnessMemory(memory: Generations<WitnessMemory>): Promise<boolean> {
  if ((await memory.read()) !== null) return false;
  return (await memory.follow(null, { v: 1, cosigned: {} })) !== null;
}
