import { Argument } from 'commander';
import type { Command } from 'commander';
import { bashCompletion } from './completion/bash.ts';
import { commandTree } from './completion/command-tree.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';
import type { Output } from './print.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** `countersign completion <shell>`: a script made from the commands and options that there are. */
export function completionCommand(program: Command, output: () => Output): void {
  program
    .command('completion')
    .description('print a script that has a shell complete these commands')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(shells)))
    .action((shell: keyof typeof shells) => {
      const script = shells[shell](program.name(), commandTree(program));
      output().result({ shell, script }, script.trimEnd().split('\n'));
    });
}
