import { quoted } from '../quoted.ts';
import type { CompletedCommand } from './command-tree.ts';
import { linesOf, patternOf, placedOptions, placeOf, stepsOf } from './places.ts';

/** A script for bash 3.2 and later. What it offers is written out in it: a key press starts no program. */
export function bashCompletion(name: string, commands: readonly CompletedCommand[]): string {
  const options = placedOptions(commands);
  const withWords = commands.filter((command) => wordsOf(command) !== '');
  return `# Completion of ${name} for bash. For this shell: eval "$(${name} completion bash)"
_${name}() {
  local at='' option='' many='' glue='' words='' word cur i
  local -a all=()
  # What has : or = in it comes in several words.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ \${#all[@]} -gt 0 && ( -n $glue || ( -n $word && -z \${word//[:=]/} ) ) ]]; then
      all[\${#all[@]} - 1]+=$word
    else
      all+=("$word")
    fi
    glue=''
    [[ -n $word && -z \${word//[:=]/} ]] && glue=1
  done
  cur=\${all[\${#all[@]} - 1]}
  for ((i = 0; i < \${#all[@]} - 1; i++)); do
    word=\${all[i]}
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
    cur=\${cur#*=}
  elif [[ $cur == -* ]]; then
    option=''
  fi
  if [[ -n $option ]]; then
    case "$at $option" in
${linesOf(
  options.filter(({ choices }) => choices.length > 0),
  (option) => `${patternOf(option)}) words=${quoted(option.choices.join(' '))} ;;`,
)}
    esac
  elif [[ $cur == -* ]]; then
    case "$at" in
${linesOf(commands, (command) => `${quoted(placeOf(command))}) words=${quoted(namesOf(command))} ;;`)}
    esac
  else
    case "$at" in
${linesOf(withWords, (command) => `${quoted(placeOf(command))}) words=${quoted(wordsOf(command))} ;;`)}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  # Only what stands behind the last : is replaced.
  [[ $COMP_WORDBREAKS == *:* ]] || return 0
  local kept=\${cur%"\${cur##*:}"}
  for ((i = 0; i < \${#COMPREPLY[@]}; i++)); do COMPREPLY[i]=\${COMPREPLY[i]#"$kept"}; done
}
complete -o default -F _${name} ${name}
`;
}

function namesOf({ options }: CompletedCommand): string {
  return options.flatMap(({ names }) => names).join(' ');
}

function wordsOf({ commands, choices }: CompletedCommand): string {
  return [...commands.map(({ name }) => name), ...choices].join(' ');
}
