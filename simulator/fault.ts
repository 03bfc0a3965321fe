import { isAbout } from './call-target.ts';
import type { CallTarget } from './call-target.ts';
import type { Parameters } from './certificate-kind.ts';

/**
 * How a scripted answer goes wrong.
 *
 * - `error`: a vendor error body; nothing applied
 * - `pass`: the true answer, late by `delayMs`
 * - `hang`, `hangAfterApply`: no answer, the connection stays open
 * - `reset`, `resetAfterApply`: the connection is reset
 * - `html`: a page of some proxy, by default at 503
 * - `empty`: no body, by default at 502
 * - `truncated`: the true answer's JSON, cut in the middle but delivered whole as far as HTTP is concerned; applied
 * - `aborted`: the connection is closed in the middle of the true answer; applied
 * - `appliedThen500`: applied, then answered as an error
 * - `otherSn`: 200, but with another serial number; nothing applied
 */
export const FAULT_KINDS = [
  'error',
  'pass',
  'hang',
  'hangAfterApply',
  'reset',
  'resetAfterApply',
  'html',
  'empty',
  'truncated',
  'aborted',
  'appliedThen500',
  'otherSn',
] as const;

/** See {@link FAULT_KINDS}. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One line of the script; it is met only by calls about its target. */
export interface Fault extends CallTarget {
  readonly kind: FaultKind;
  /** Only calls of this action; when absent, any call of the product (never AssumeRole). */
  readonly action?: string;
  /** How many calls it takes before it is used up. */
  readonly times: number;
  /** HTTP status of the answer. */
  readonly status?: number;
  /** Vendor code of an error answer. */
  readonly code?: string;
  /** Message of an error answer. */
  readonly message?: string;
  /** Milliseconds between the call's arrival (and its effect, where it has one) and the answer or the reset. */
  readonly delayMs?: number;
  /** Announced in `x-acs-retry-after` (milliseconds) and `Retry-After` (seconds, rounded up). */
  readonly retryAfterMs?: number;
}

const APPLYING: ReadonlySet<FaultKind> = new Set([
  'pass',
  'hangAfterApply',
  'resetAfterApply',
  'truncated',
  'aborted',
  'appliedThen500',
]);

/** Whether a call that meets this kind of fault still takes effect. */
export function applies(kind: FaultKind): boolean {
  return APPLYING.has(kind);
}

/** The script: each call takes the first line that fits it. */
export class FaultScript {
  #lines: { readonly fault: Fault; left: number }[] = [];

  add(faults: readonly Fault[]): void {
    this.#lines.push(...faults.map((fault) => ({ fault, left: fault.times })));
  }

  clear(): void {
    this.#lines = [];
  }

  /** What is left of the script, `times` counted down. */
  remaining(): Fault[] {
    return this.#lines.map(({ fault, left }) => ({ ...fault, times: left }));
  }

  /** Takes the first line that fits a call, using it up by one. */
  take(call: {
    readonly action: string;
    readonly parameters: Parameters;
    readonly isProduct: boolean;
  }): Fault | undefined {
    const line = this.#lines.find(
      ({ fault }) =>
        (fault.action === undefined ? call.isProduct : fault.action === call.action) &&
        isAbout(fault, call.parameters),
    );
    if (line === undefined) return undefined;
    line.left -= 1;
    if (line.left === 0) this.#lines = this.#lines.filter((other) => other !== line);
    return line.fault;
  }
}
