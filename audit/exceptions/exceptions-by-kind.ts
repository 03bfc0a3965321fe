import type { Exceptions } from './collect-exceptions.ts';
import type { Exception } from './exception.ts';

/** Exceptions to read, kind by kind. @param most - how many of a kind are shown */
export function exceptionsByKind(
  { counts, listed }: Exceptions,
  most = Infinity,
): { readonly title: string; readonly lines: readonly string[] }[] {
  return Object.entries(counts).map(([kind, count]) => {
    const shown = listed.filter((one) => one.kind === kind).slice(0, most);
    const rest = count - shown.length;
    return {
      title: `${kind.replaceAll('_', ' ')}${count === 1 ? '' : ` (${count})`}`,
      lines: [...shown.map(line), ...(rest > 0 ? [`and ${rest} more`] : [])],
    };
  });
}

function line({ index, changeId, message }: Exception): string {
  const where = [
    ...(index === null ? [] : [`entry ${index}`]),
    ...(changeId === null ? [] : [`change ${changeId}`]),
  ];
  return where.length === 0 ? message : `${where.join(', ')}: ${message}`;
}
