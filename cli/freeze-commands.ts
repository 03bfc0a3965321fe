import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { inForce, isOver } from '../domain/freeze.ts';
import type { Freeze, FreezeOverride } from '../domain/freeze.ts';
import { asCaller as as, clientOf } from './caller.ts';
import type { Caller, Texts } from './caller.ts';
import type { Environment } from './environment.ts';
import { namedValue, namedValues } from './named-value.ts';
import { asPage, pageLines, pageQuery } from './page.ts';
import type { PageOptions } from './page.ts';
import type { Output } from './print.ts';

/** `countersign freeze …`: what `/v1/freezes` does, from a terminal. */
export function freezeCommands(program: Command, env: () => Environment, output: () => Output): void {
  const freeze = program
    .command('freeze')
    .description('times in which nothing runs: list them; create and end them (admins)');
  const show = (shown: Freeze) => output().result(shown, [freezeLine(shown)]);

  asPage(as(freeze.command('list')), 'most of those that were declared')
    .description('freezes: those of the calendar file, then the last declared first')
    .action(async (o: Caller & PageOptions) => {
      const client = await clientOf(env(), o);
      const page = await client.get<{ items: Freeze[]; nextCursor: string | null }>(
        `/v1/freezes?${pageQuery(o).toString()}`,
      );
      output().result(page, pageLines(page, freezeLine));
    });

  as(freeze.command('create'))
    .description('declare a freeze: of everything, or of what the options name')
    .requiredOption('--reason <text>', 'why')
    .option('--operation <name>', 'only this operation')
    .option(
      '--scope <name=pattern>',
      'only targets with such a member of their scope, as often as needed: * for any text, ? for one character',
      namedValue,
    )
    .option('--region <pattern>', 'short for --scope regionId=<pattern>')
    .option('--instance <pattern>', 'short for --scope mqttInstanceId=<pattern>')
    .option('--starts-at <time>', 'ISO 8601; now when left out')
    .option('--ends-at <time>', 'ISO 8601; until it is ended when left out')
    .option('--key <key>', 'Idempotency-Key; a new one when left out')
    .action(async (o: Omit<Texts, 'scope'> & Caller & { scope?: Freeze['scope'] }) => {
      const { reason, operation, scope, region: regionId, instance: mqttInstanceId, startsAt, endsAt } = o;
      const client = await clientOf(env(), o);
      const body = { reason, operation, scope, regionId, mqttInstanceId, startsAt, endsAt };
      show(await client.post<Freeze>('/v1/freezes', body, { 'Idempotency-Key': o.key ?? randomUUID() }));
    });

  as(freeze.command('end <id>'))
    .description('lift a freeze before its end')
    .action(async (id: string, o: Caller) =>
      show(await (await clientOf(env(), o)).delete<Freeze>(`/v1/freezes/${encodeURIComponent(id)}`)),
    );

  as(freeze.command('override <id>'))
    .description('let one change run in a freeze (approvers whom its policy names)')
    .requiredOption('--change <id>', 'the change')
    .requiredOption('--comment <text>', 'why')
    .option('--digest <digest>', 'the digest you saw; what is shown now when left out')
    .action(async (id: string, o: Texts & Caller & { change: string }) => {
      const client = await clientOf(env(), o);
      const digest = o.digest ?? (await client.change(o.change)).digest ?? '';
      const override = await client.post<FreezeOverride>(`/v1/freezes/${encodeURIComponent(id)}/overrides`, {
        changeId: o.change,
        digest,
        comment: o.comment,
      });
      output().result(override, [`change ${override.changeId} may run in freeze ${override.freezeId}`]);
    });
}

function freezeLine(freeze: Freeze): string {
  const { id, operation, scope, startsAt, endsAt, liftedAt, reason } = freeze;
  const now = Date.now();
  const state = isOver(freeze, now) ? 'over' : inForce(freeze, now) ? 'in force' : 'to come';
  const held = [operation ?? '', namedValues(scope)].filter((part) => part !== '').join(' ');
  return `${id}  ${state.padEnd(8)}  ${startsAt} to ${liftedAt === null ? (endsAt ?? 'its lifting') : `${liftedAt}, when it was lifted`}  ${held || 'everything'}: ${reason}`;
}
