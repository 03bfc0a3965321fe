import type { Command } from 'commander';

/** What a command that lists a page of something reads. */
export interface PageOptions {
  readonly limit: string;
  readonly cursor?: string;
}

/** Adds the options of {@link PageOptions} to a command. @param most - what `--limit` bounds */
export function asPage(command: Command, most: string): Command {
  return command
    .option('--limit <n>', most, '50')
    .option('--cursor <cursor>', 'the page that another one named');
}

/** The query that asks the API for the page. */
export function pageQuery({ limit, cursor }: PageOptions): URLSearchParams {
  return new URLSearchParams({ limit, ...(cursor ? { cursor } : {}) });
}

/** A line for each item, and how to get the next page where there is one. */
export function pageLines<T>(
  { items, nextCursor }: { readonly items: readonly T[]; readonly nextCursor: string | null },
  lineOf: (item: T) => string,
): string[] {
  return [...items.map(lineOf), ...(nextCursor === null ? [] : [`more: --cursor ${nextCursor}`])];
}
