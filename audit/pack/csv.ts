import { actorNameIn, commentIn } from '../../domain/entry.ts';
import { shownText } from '../../domain/shown-text.ts';
import type { SealedEntry } from './sealed-entry.ts';

/**
 * Where a spreadsheet could take what follows for a formula: an `=`, `+`, `-` or `@`, also in full width, at a cell's start, after
 * blanks and quotation marks, too. A cell starts at `;`, `,` and `|` as well: what parts cells there is up to whoever opens it, and then no
 * quotation mark of ours holds a cell together.
 */
const formula = /((?:^|[;,|])[\s"']*)([=+\-@\uff1d\uff0b\uff0d\uff20])/g;

/** What is harmless as it stands: nothing in it quotes, parts or begins a formula, and every character is seen as itself. */
const plain = /^[\w:./][\w:./ -]*$/;

const columns: readonly (readonly [string, (entry: SealedEntry) => unknown])[] = [
  ['index', ({ index }) => index],
  ['time', ({ columns: c }) => c.time],
  ['type', ({ columns: c }) => c.type],
  ['changeId', ({ columns: c }) => c.changeId],
  ['operation', ({ body }) => body.operation],
  ['target', ({ body }) => body.target],
  ['actor', ({ columns: c }) => c.actor],
  ['actorName', ({ body }) => actorNameIn(body)],
  ['outcome', ({ columns: c }) => c.outcome],
  ['requestId', ({ columns: c }) => c.requestId],
  ['round', ({ body }) => body.round],
  ['digest', ({ body }) => body.digest],
  ['comment', ({ body }) => commentIn(body)],
  ['source', ({ body }) => body.source],
  ['leafHash', ({ leafHash }) => leafHash],
];

/** The first line of `entries.csv`. */
export const csvHeader = csvRow(columns.map(([name]) => name));

/** One line of `entries.csv` (RFC 4180, UTF-8, CRLF), safe to open in a spreadsheet. */
export function csvLine(entry: SealedEntry): string {
  return csvRow(columns.map(([, cell]) => cell(entry)));
}

/** Cells as a line of CSV (RFC 4180, CRLF), safe to open in a spreadsheet. */
export function csvRow(cells: readonly unknown[]): string {
  return `${cells.map(cellText).join(',')}\r\n`;
}

function cellText(value: unknown): string {
  if (value == null) return '';
  if (typeof value === 'number') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (plain.test(text)) return text;
  const harmless = shownText(text).replaceAll(formula, "$1'$2");
  return /[",;|]/.test(harmless) || harmless !== text ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
