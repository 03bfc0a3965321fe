/** The finding of `countersign doctor` about one dependency. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do; empty when all is well. */
  readonly remedy: string;
}
