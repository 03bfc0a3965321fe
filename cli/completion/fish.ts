import type { CompletedCommand } from './command-tree.ts';
import { linesOf, placedOptions, placeOf, stepsOf } from './places.ts';
import type { PlacedOption } from './places.ts';

/** A script for fish 3 and later, to be sourced or kept in `~/.config/fish/completions`. */
export function fishCompletion(name: string, commands: readonly CompletedCommand[]): string {
  const options = placedOptions(commands);
  const rows = commands.flatMap((command) => {
    const at = (more = '') =>
      `complete -c ${name} -n ${quoted(`__${name}_at ${quoted(placeOf(command))}${more}`)}`;
    return [
      ...command.commands.map((sub) => `${at()} -f -a ${quoted(sub.name)} -d ${quoted(sub.description)}`),
      ...(command.choices.length === 0 ? [] : [`${at()} -f -a ${quoted(command.choices.join(' '))}`]),
      ...command.options.map(
        (option) => `${at()}${spellings(option.names)}${valueOf(option)} -d ${quoted(option.description)}`,
      ),
      // Fish takes the second value for an argument.
      ...command.options
        .filter(({ takesMany, choices }) => takesMany && choices.length > 0)
        .flatMap(({ names, choices }) =>
          names.map((option) => `${at(` ${option}`)} -f -a ${quoted(choices.join(' '))}`),
        ),
    ];
  });
  return `# Completion of ${name} for fish. For this shell: ${name} completion fish | source
function __${name}_at --description 'Whether the words so far lead to this command, and to a value of this option'
  set -l at ''
  set -l option ''
  set -l many ''
  for word in (commandline -opc)[2..-1]
    if test -n "$option"; and not string match -q -- '-*' $word
      test -z "$many"; and set option ''
      continue
    end
    set option ''
    set many ''
    switch "$at $word"
${linesOf(
  options.filter(({ takesValue }) => takesValue),
  (option) => `case ${patternOf(option)}; set option $word${option.takesMany ? '; set many 1' : ''}`,
)}
${linesOf(stepsOf(commands), (step) => `case ${quoted(`${step.before} ${step.name}`)}; set at "$at/$word"`)}
    end
  end
  test "$at" = "$argv[1]"; or return
  test (count $argv) -eq 1; or test "$option" = "$argv[2]"
end
${rows.join('\n')}
`;
}

function spellings(names: readonly string[]): string {
  return names
    .map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`))
    .join('');
}

function valueOf({ takesValue, choices }: CompletedCommand['options'][number]): string {
  if (!takesValue) return '';
  return choices.length === 0 ? ' -r' : ` -x -a ${quoted(choices.join(' '))}`;
}

function patternOf({ place, names }: PlacedOption): string {
  return names.map((name) => quoted(`${place} ${name}`)).join(' ');
}

/** In single quotes, as fish reads them. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
