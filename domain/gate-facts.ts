import type { Freeze, FreezeOverride } from './freeze.ts';
import type { LoggedRevocation, RuleRef } from './rule-entries.ts';

/** What may keep a change from running, beside its windows and its ticket. */
export interface GateFacts {
  /** In force by their rows, or by the log; one of which the two tell differently stands here twice. */
  readonly freezes: readonly Freeze[];
  /** Of the change: of its row and of an entry, which agree. */
  readonly overrides: readonly FreezeOverride[];
  /** Of the change's policy: by its row, or by the log. */
  readonly revocation: Pick<LoggedRevocation, 'name' | 'version' | 'comment'> | null;
  /** Of which of these row and log tell differently. */
  readonly differing: readonly RuleRef[];
  /** Whether row and log tell differently of the change's overrides. */
  readonly overridesDiffer: boolean;
}
