import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { readEnvironment } from './environment.ts';
import { findingLines } from './finding.ts';
import type { Output } from './print.ts';

/** `countersign temporal setup`: what an installation needs in its namespace. */
export function temporalCommand(program: Command, output: () => Output): void {
  program
    .command('temporal')
    .description('the namespace of Temporal that an installation runs in')
    .command('setup')
    .description(
      'make what is missing: search attributes, and on request the namespace; exit code 1 if something is',
    )
    .option('--print', 'make nothing: print the commands for somebody who may')
    .option(
      '--namespace-retention <days>',
      'make the namespace too, where it is missing; days that Temporal keeps workflows that have ended',
      daysOf,
    )
    .action(async (o: { print?: true; namespaceRetention?: number }) => {
      const { setUpNamespace } = await import('./temporal-setup.ts');
      const { COUNTERSIGN_INSTALLATION: installation } = readEnvironment(process.env);
      const print = o.print === true;
      const setup = await setUpNamespace({
        print,
        retentionDays: o.namespaceRetention ?? null,
        installation,
      });
      const lines = setup.findings.flatMap(findingLines);
      const queues = `installation ${installation}: task queues ${setup.taskQueues.join(' and ')}`;
      const commands =
        setup.commands.length === 0 ? [] : ['somebody who may can make it with:', ...setup.commands];
      output().result(setup, [...lines, queues, ...commands]);
      if (setup.findings.some(({ ok }) => !ok)) process.exitCode = 1;
    });
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!/^\d{1,5}$/.test(text) || days === 0) throw new InvalidArgumentError('expected days, 1 or more.');
  return days;
}
