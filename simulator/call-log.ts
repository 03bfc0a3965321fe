import { isAbout } from './call-target.ts';
import type { CallTarget } from './call-target.ts';
import type { FaultKind } from './fault.ts';
import type { RoleSession } from './key-ring.ts';

/** One call of the vendor's interface, as the simulator saw it. */
export interface CallRecord {
  /** Position among all calls since the start or the last `DELETE /_sim/calls`, from 0. */
  readonly index: number;
  /** Arrival, Unix milliseconds with fractions; from a clock that never goes back. */
  readonly time: number;
  /** Milliseconds from arrival to the end of the answer; null while there is none. */
  durationMs: number | null;
  readonly action: string;
  readonly version: string;
  readonly method: string;
  /** The action's parameters as sent; those of the signature are left out. */
  readonly parameters: Readonly<Record<string, string>>;
  /** HTTP status that was answered; null when nothing was (hang, reset). */
  status: number | null;
  /** Vendor code of an error answer; null on success or without an answer of the vendor's form. */
  code: string | null;
  readonly requestId: string;
  /** Whether the call changed something, or left it in the asked-for state. */
  applied: boolean;
  /** Kind of the scripted fault that it met. */
  fault: FaultKind | null;
  /** Who signed; null when the signature was not accepted. */
  accessKeyId: string | null;
  /** The role session behind a temporary key. */
  session: RoleSession | null;
  readonly userAgent: string;
}

/** What to look for among the calls. */
export interface CallFilter extends CallTarget {
  readonly action?: string;
  readonly code?: string;
}

/** How many calls are kept; of older ones only the count. */
export const MAX_KEPT_CALLS = 20_000;

/** Every call in order of arrival, the newest {@link MAX_KEPT_CALLS} of them whole. */
export class CallLog {
  #kept: CallRecord[] = [];
  #total = 0;

  /** Calls since the start or the last clearing, kept or not. */
  get total(): number {
    return this.#total;
  }

  /** Records an arrival; the caller fills in the answer. */
  open(call: Omit<CallRecord, 'index'>): CallRecord {
    const record = { index: this.#total, ...call };
    this.#total += 1;
    this.#kept.push(record);
    // Dropping in blocks keeps the cost of a call constant.
    if (this.#kept.length > MAX_KEPT_CALLS * 1.25) this.#kept = this.#kept.slice(-MAX_KEPT_CALLS);
    return record;
  }

  clear(): void {
    this.#kept = [];
    this.#total = 0;
  }

  /** The kept calls that match. */
  list(filter: CallFilter): CallRecord[] {
    return this.#kept
      .slice(-MAX_KEPT_CALLS)
      .filter(
        (call) =>
          (filter.action === undefined || call.action === filter.action) &&
          (filter.code === undefined || call.code === filter.code) &&
          isAbout(filter, call.parameters),
      );
  }
}
