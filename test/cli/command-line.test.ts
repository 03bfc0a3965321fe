import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { apiTokenCommands } from '../../cli/api-token-commands.ts';
import { auditCommands } from '../../cli/audit-commands.ts';
import { changeCommands } from '../../cli/change-commands.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { freezeCommands } from '../../cli/freeze-commands.ts';
import { loginCommands } from '../../cli/login-commands.ts';
import { policyCommands } from '../../cli/policy-commands.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'command-line.md'), 'utf8');
const program = new Command();
for (const add of [
  changeCommands,
  policyCommands,
  freezeCommands,
  apiTokenCommands,
  auditCommands,
  loginCommands,
]) {
  add(
    program,
    () => readEnvironment({}),
    () => ({ result: () => undefined }),
  );
}
const commands = program.commands.flatMap((group) =>
  group.commands.map((command) => [group.name(), command.name()] as const),
);

test.each(
  program.commands.filter((command) => command.commands.length === 0).map((command) => command.name()),
)('the page has %s', (name) => {
  expect(page).toMatch(new RegExp(`^\\|.*\`${name}\`.*\\|`, 'm'));
});

test.each(commands)('the page has %s %s', (group, name) => {
  const rows = page.split('\n').filter((line) => line.includes(`\`${group} `));
  expect(rows.join('\n')).toMatch(new RegExp(`\`(${group} )?${name}\``));
});
