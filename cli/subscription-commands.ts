import { Option } from 'commander';
import type { Command } from 'commander';
import { webhookForm } from '../domain/subscription-schema.ts';
import type { Subscription, SubscriptionFilter } from '../domain/subscription.ts';
import type { DeadLetter } from '../store/list-dead-letters.ts';
import type { Backlog } from '../store/read-backlog.ts';
import { asCaller as as, clientOf } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';
import { namedValue } from './named-value.ts';
import { asPage, pageLines, pageQuery } from './page.ts';
import type { PageOptions } from './page.ts';
import type { Output } from './print.ts';

type Shown = Subscription & Backlog;

interface Filtering {
  readonly type?: string[];
  readonly operation?: string[];
  readonly scope?: Readonly<Record<string, string>>;
}

/** `countersign subscription …`: what `/v1/subscriptions` does, from a terminal. */
export function subscriptionCommands(program: Command, env: () => Environment, output: () => Output): void {
  const subscription = program
    .command('subscription')
    .description('who is told of the log: subscriptions, and what could not be delivered (admins)');
  const pathOf = (name: string) => `/v1/subscriptions/${encodeURIComponent(name)}`;
  const show = (shown: Shown) => output().result(shown, linesOf(shown));

  as(subscription.command('list'))
    .description('every subscription, with what it is behind with')
    .action(async (o: Caller) => {
      const answer = await (await clientOf(env(), o)).get<{ items: Shown[] }>('/v1/subscriptions');
      output().result(answer, answer.items.map(lineOf));
    });

  as(subscription.command('show <name>'))
    .description('one subscription')
    .action(async (name: string, o: Caller) =>
      show(await (await clientOf(env(), o)).get<Shown>(pathOf(name))),
    );

  as(subscription.command('create <name>'))
    .description('have entries sent to a webhook; its secret is shown this once')
    .requiredOption('--url <url>', 'where to; https:')
    .option('--type <pattern...>', 'only these types of entries, such as decision.*')
    .option('--operation <pattern...>', 'only changes of these operations')
    .option('--scope <name=pattern>', 'only targets with such a member of their scope', namedValue)
    .addOption(
      new Option('--form <form>', 'how an entry is written')
        .choices(webhookForm.options)
        .default('countersign'),
    )
    .action(async (name: string, o: Caller & Filtering & { url: string; form: string }) => {
      const { url, form } = o;
      const client = await clientOf(env(), o);
      const body = { name, url, form, filter: filterOf(o) };
      const made = await client.post<Shown & { secret: string }>('/v1/subscriptions', body);
      output().result(made, [...linesOf(made), `secret, shown this once: ${made.secret}`]);
    });

  as(subscription.command('delete <name>'))
    .description('remove one that was made with create, with what was to be delivered')
    .action(async (name: string, o: Caller) => {
      const deleted = await (await clientOf(env(), o)).delete<Subscription>(pathOf(name));
      output().result(deleted, [`${deleted.name} is removed`]);
    });

  as(subscription.command('replace-secret <name>'))
    .description('another secret, shown this once; the one before signs beside it for a day')
    .action(async (name: string, o: Caller) => {
      const client = await clientOf(env(), o);
      const answer = await client.post<{ secret: string }>(`${pathOf(name)}/secrets`, {});
      output().result(answer, [`secret, shown this once: ${answer.secret}`]);
    });

  as(subscription.command('activate <name>'))
    .description('make one active again that its receiver or the file has ended')
    .action(async (name: string, o: Caller) =>
      show(await (await clientOf(env(), o)).post<Shown>(`${pathOf(name)}/activation`, {})),
    );

  asPage(as(subscription.command('dead-letters <name>')), 'most dead letters')
    .description('what could not be delivered for a day, by the first entry of each change')
    .action(async (name: string, o: Caller & PageOptions) => {
      const client = await clientOf(env(), o);
      const page = await client.get<{ items: DeadLetter[]; nextCursor: string | null }>(
        `${pathOf(name)}/dead-letters?${pageQuery(o).toString()}`,
      );
      output().result(page, pageLines(page, letterLine));
    });

  as(subscription.command('replay <name>'))
    .description('try dead letters again: those of one change, or of a range of indexes')
    .option('--change <id>', 'the change')
    .option('--from <index>', 'the first index', Number)
    .option('--to <index>', 'the last index', Number)
    .action(async (name: string, o: Caller & { change?: string; from?: number; to?: number }) => {
      const { change: changeId, from, to } = o;
      const client = await clientOf(env(), o);
      const answer = await client.post<{ replayed: number }>(`${pathOf(name)}/replays`, {
        changeId,
        from,
        to,
      });
      output().result(answer, [`${answer.replayed} dead letters are tried again`]);
    });
}

function filterOf({ type, operation, scope }: Filtering): SubscriptionFilter {
  return {
    ...(type && { types: type }),
    ...(operation && { operations: operation }),
    ...(scope && {
      scope: Object.fromEntries(Object.entries(scope).map(([name, pattern]) => [name, [pattern]])),
    }),
  };
}

function lineOf({ name, state, source, target, behind, deadLetters }: Shown): string {
  const to =
    target.kind === 'system' ? `system ${target.system}` : `webhook at ${target.host}, ${target.form}`;
  return `${name}  ${state}  ${to} (${source})  ${behind} changes behind, ${deadLetters} dead letters`;
}

function linesOf(shown: Shown): string[] {
  const { filter, disabledReason, pausedUntil, oldestFailure } = shown;
  return [
    lineOf(shown),
    `  for ${Object.keys(filter).length === 0 ? 'every entry of a change' : JSON.stringify(filter)}`,
    ...(disabledReason === null ? [] : [`  disabled: ${disabledReason}`]),
    ...(isAhead(pausedUntil) ? [`  rests until ${pausedUntil}, as its receiver has asked`] : []),
    ...(oldestFailure === null
      ? []
      : [
          `  fails since ${oldestFailure.since} for change ${oldestFailure.changeId}: ${oldestFailure.error}` +
            (oldestFailure.nextAt === null ? '' : `; next try ${oldestFailure.nextAt}`),
        ]),
  ];
}

function isAhead(moment: string | null): boolean {
  return moment !== null && Date.parse(moment) > Date.now();
}

function letterLine({ changeId, from, to, why, since }: DeadLetter): string {
  return `${changeId}  entries ${from} to ${to}  dead since ${since}: ${why}`;
}
