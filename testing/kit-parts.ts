import type { ActivityDependencies } from '../activities/dependencies.ts';
import type { ChangesInMemory } from './changes-in-memory.ts';
import type { KitRules } from './kit-rules.ts';

/** What the activities of a kit are made of. */
export interface KitParts extends Pick<
  ActivityDependencies,
  'operations' | 'implementations' | 'policies' | 'verifyStatement'
> {
  readonly changes: ChangesInMemory;
  readonly rules: KitRules;
  readonly linkOf: (changeId: string) => string | null;
  /** The time of Temporal's server, which may have been sent ahead; ms since the epoch. */
  readonly clock: () => Promise<number>;
}
