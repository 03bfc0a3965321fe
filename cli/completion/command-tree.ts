import type { Command, Option } from 'commander';

/** An option as a shell completes it. */
export interface CompletedOption {
  /** Its spellings, such as `-h` and `--help`. */
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** Whether several values follow it. */
  readonly takesMany: boolean;
  /** The values that it takes; empty where any will do. */
  readonly choices: readonly string[];
}

/** A command as a shell completes what stands behind it. */
export interface CompletedCommand {
  /** The names that lead to it, such as `change list`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** The values that its arguments take. */
  readonly choices: readonly string[];
}

/** All commands of a program, each with the options that may stand behind it, those of the program among them. */
export function commandTree(program: Command): CompletedCommand[] {
  const help = Object.assign(program.createHelp(), { showGlobalOptions: true });
  const at = (command: Command, path: readonly string[]): CompletedCommand[] => {
    const below = help.visibleCommands(command).filter((sub) => command.commands.includes(sub));
    const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].filter(isFirst);
    return [
      {
        path: path.join(' '),
        commands: below.map((sub) => ({ name: sub.name(), description: plain(sub.description()) })),
        options: options.map(completedOption),
        choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
      },
      ...below.flatMap((sub) => at(sub, [...path, sub.name()])),
    ];
  };
  return at(program, []);
}

function completedOption({
  short,
  long,
  description,
  required,
  variadic,
  argChoices,
}: Option): CompletedOption {
  return {
    names: [short, long].filter((name) => name !== undefined),
    description: plain(description),
    takesValue: required,
    takesMany: variadic,
    choices: argChoices ?? [],
  };
}

/** The help of a program is among its own options and the global ones. */
function isFirst({ long }: Option, at: number, all: readonly Option[]): boolean {
  return all.findIndex((option) => option.long === long) === at;
}

/** On one line. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
