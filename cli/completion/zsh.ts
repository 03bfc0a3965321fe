import { quoted } from '../quoted.ts';
import type { CompletedCommand } from './command-tree.ts';
import { linesOf, patternOf, placedOptions, placeOf, stepsOf } from './places.ts';

/** A script for zsh, to be sourced or kept as `_countersign` in a folder of `$fpath`. */
export function zshCompletion(name: string, commands: readonly CompletedCommand[]): string {
  const options = placedOptions(commands);
  const withWords = commands.filter((command) => wordsOf(command).length > 0);
  return `#compdef ${name}
# Completion of ${name} for zsh. For this shell: eval "$(${name} completion zsh)"
_${name}() {
  local at='' option='' many='' word cur=\${words[CURRENT]} i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    if [[ -n $option && $word != -* ]]; then
      [[ -z $many ]] && option=''
      continue
    fi
    option='' many=''
    case "$at $word" in
${linesOf(
  options.filter(({ takesValue }) => takesValue),
  (option) => `${patternOf(option)}) option=$word${option.takesMany ? ' many=1' : ''} ;;`,
)}
${linesOf(stepsOf(commands), (step) => `${quoted(`${step.before} ${step.name}`)}) at="$at/$word" ;;`)}
    esac
  done
  if [[ $cur == --*=* ]]; then
    option=\${cur%%=*}
    compset -P '*='
  elif [[ $cur == -* ]]; then
    option=''
  fi
  if [[ -n $option ]]; then
    case "$at $option" in
${linesOf(
  options.filter(({ choices }) => choices.length > 0),
  (option) => `${patternOf(option)}) found=(${option.choices.map((choice) => quoted(choice)).join(' ')}) ;;`,
)}
    esac
    if (( \${#found} )); then
      compadd -- "\${found[@]}"
    else
      _files
    fi
    return
  fi
  if [[ $cur == -* ]]; then
    case "$at" in
${linesOf(commands, (command) => `${quoted(placeOf(command))}) found=(${optionsOf(command)}) ;;`)}
    esac
    _describe -o option found
    return
  fi
  case "$at" in
${linesOf(withWords, (command) => `${quoted(placeOf(command))}) found=(${wordsOf(command).join(' ')}) ;;`)}
  esac
  if (( \${#found} )); then
    _describe command found
  else
    _files
  fi
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function optionsOf({ options }: CompletedCommand): string {
  return options
    .flatMap(({ names, description }) => names.map((name) => described(name, description)))
    .join(' ');
}

function wordsOf({ commands, choices }: CompletedCommand): string[] {
  return [
    ...commands.map(({ name, description }) => described(name, description)),
    ...choices.map((choice) => described(choice, '')),
  ];
}

/** As _describe reads it: a colon parts what is inserted from what is shown. */
function described(word: string, description: string): string {
  const escaped = word.replaceAll(':', '\\:');
  return quoted(description === '' ? escaped : `${escaped}:${description}`);
}
