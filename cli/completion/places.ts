import { quoted } from '../quoted.ts';
import type { CompletedCommand, CompletedOption } from './command-tree.ts';

/** An option at a command. */
export type PlacedOption = CompletedOption & { readonly place: string };

/** Where a command is, as the scripts note it while they read the words: `/change/list`; empty for the program. */
export function placeOf({ path }: Pick<CompletedCommand, 'path'>): string {
  return path === '' ? '' : `/${path.replaceAll(' ', '/')}`;
}

/** For each command but the program: the place before it, and its name. */
export function stepsOf(commands: readonly CompletedCommand[]): { before: string; name: string }[] {
  return commands
    .filter(({ path }) => path !== '')
    .map((command) => {
      const place = placeOf(command);
      const at = place.lastIndexOf('/');
      return { before: place.slice(0, at), name: place.slice(at + 1) };
    });
}

/** Every option at every command that has it. */
export function placedOptions(commands: readonly CompletedCommand[]): PlacedOption[] {
  return commands.flatMap((command) =>
    command.options.map((option) => ({ place: placeOf(command), ...option })),
  );
}

/** What a `case` of bash and zsh matches for an option at its command, by any of its names. */
export function patternOf({ place, names }: PlacedOption): string {
  return names.map((name) => quoted(`${place} ${name}`)).join(' | ');
}

/** Lines of a script, as deep as a template has them. */
export function linesOf<T>(items: readonly T[], lineOf: (item: T) => string): string {
  return items.map((item) => `      ${lineOf(item)}`).join('\n');
}
