import { shownJson, shownLines, shownText } from '../domain/shown-text.ts';

/** How a command prints. */
export interface Output {
  /** One result: as JSON under `--json`, otherwise the lines. */
  result(value: unknown, lines: readonly string[]): void;
}

// The one place of the command line, and of `verify.mjs`, that writes to a terminal: whatever is told was given by others.

/** Writes one line. Text of others in it cannot end the line or control the terminal. */
export function printLine(line: string): void {
  process.stdout.write(`${shownText(line)}\n`);
}

/** Writes a value as one line of JSON. */
export function printJson(value: unknown): void {
  process.stdout.write(`${shownJson(value)}\n`);
}

/** As {@link printJson}, and waits while stdout has more than it can take: a slow reader costs no memory. */
export async function printJsonInTime(value: unknown): Promise<void> {
  if (process.stdout.write(`${shownJson(value)}\n`)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}

/** Waits until stdout has taken all that was printed. Where it cannot take it, the process ends ({@link ./unwritten-output.ts}). */
export async function allPrinted(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.stdout.write('', (error) => {
      if (error == null) resolve();
    });
  });
}

/** Writes to stderr. Further lines are marked, so that none of them can be taken for a message of its own. */
export function complain(message: string): void {
  process.stderr.write(`${shownLines(message).join('\n  | ')}\n`);
}

/** How commands print: values under `--json`, otherwise lines. */
export function outputOf(json: boolean): Output {
  return {
    result(value, lines) {
      if (json) printJson(value);
      else lines.forEach(printLine);
    },
  };
}
