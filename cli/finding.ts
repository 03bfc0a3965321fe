/** The finding of `countersign doctor` about one dependency. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do; empty when all is well. */
  readonly remedy: string;
}

/** A finding for a terminal. */
export function findingLines({ name, ok, found, remedy }: Finding): string[] {
  return [
    `${ok ? 'ok  ' : 'BAD '} ${name.padEnd(20)} ${found}`,
    ...(remedy ? [`     remedy: ${remedy}`] : []),
  ];
}
