import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ChangeView } from '../api/change-view.ts';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../domain/status.ts';
import type { DescribedOperation } from '../operations/describe.ts';
import type { ApiClient } from '../client/api-client.ts';
import { asCaller as as, clientOf } from './caller.ts';
import type { Caller, Texts } from './caller.ts';
import type { Environment } from './environment.ts';
import { namedValue } from './named-value.ts';
import { digestToDecide } from './digest-to-decide.ts';
import { asInput, inputOf } from './operation-input.ts';
import type { InputOptions } from './operation-input.ts';
import { asPage, pageLines, pageQuery } from './page.ts';
import type { PageOptions } from './page.ts';
import { complain } from './print.ts';
import type { Output } from './print.ts';
import { renderChange, renderEntry, renderListedChange, renderOperation } from './render.ts';
import { exitCodeOfEnd } from './exit-codes-of-end.ts';
import { waitForEnd } from '../client/wait-for-end.ts';

interface ListOptions {
  readonly awaitingMe?: boolean;
  readonly scope?: Readonly<Record<string, string>>;
}

/** `countersign change …`: what the HTTP API does, from a terminal. */
export function changeCommands(program: Command, env: () => Environment, output: () => Output): void {
  const change = program.command('change').description('ask for, look at and decide changes');
  const show = (view: ChangeView) => output().result(view, renderChange(view));

  /** Shows a change once it has ended; how it did is the exit code. */
  const end = async (client: ApiClient, id: string) => {
    complain(`change ${id}: waiting for its end`);
    const ended = await waitForEnd(client, id);
    show(ended);
    process.exitCode = exitCodeOfEnd(ended);
  };

  asInput(as(change.command('create')))
    .description('ask for a change')
    .requiredOption('--justification <text>', 'why')
    .option('--operation <name>', 'the operation', 'ActiveCaCertificate')
    .option('--ticket <system:id>', 'the ticket it belongs to')
    .option('--decide-by <time>', 'ISO 8601')
    .option('--execute-after <time>', 'ISO 8601')
    .option('--execute-by <time>', 'ISO 8601')
    .option('--break-glass', 'an emergency: as the policy says, before all have approved; it owes a review')
    .option('--key <key>', 'Idempotency-Key; a new one when left out')
    .option('--wait', 'until it has ended; the exit code says how')
    .action(
      async (o: Omit<Texts, 'input'> & InputOptions & Caller & { breakGlass?: boolean; wait?: boolean }) => {
        const [system, ...id] = (o.ticket ?? '').split(':');
        const body = {
          operation: o.operation,
          input: inputOf(o),
          justification: o.justification,
          ...(o.ticket === undefined ? {} : { ticket: { system, id: id.join(':') } }),
          ...(o.decideBy === undefined ? {} : { decideBy: o.decideBy }),
          ...(o.executeAfter === undefined ? {} : { executeAfter: o.executeAfter }),
          ...(o.executeBy === undefined ? {} : { executeBy: o.executeBy }),
          ...(o.breakGlass ? { breakGlass: true } : {}),
        };
        const client = await clientOf(env(), o);
        const asked = await client.post<ChangeView>('/v1/changes', body, {
          'Idempotency-Key': o.key ?? randomUUID(),
        });
        if (o.wait) await end(client, asked.id);
        else show(asked);
      },
    );

  asPage(as(change.command('list')), 'most changes')
    .description('changes, newest first')
    .addOption(new Option('--decision <status>', 'where the approval stands').choices(decisionStatuses))
    .addOption(new Option('--execution <status>', 'where the call stands').choices(executionStatuses))
    .addOption(new Option('--review <status>', 'whether a review is owed').choices(reviewStatuses))
    .option('--scope <name=value>', "a member of the target's scope, as often as needed", namedValue)
    .option('--sn <sn>', 'short for --scope sn=<sn>')
    .option('--awaiting-me', 'only those that await your decision')
    .action(async (o: Omit<Texts, 'scope'> & Caller & PageOptions & ListOptions) => {
      const query = pageQuery(o);
      if (o.decision) query.set('decisionStatus', o.decision);
      if (o.execution) query.set('executionStatus', o.execution);
      if (o.review) query.set('reviewStatus', o.review);
      for (const [name, value] of Object.entries(o.scope ?? {})) query.set(`scope.${name}`, value);
      if (o.sn) query.set('sn', o.sn);
      if (o.awaitingMe) query.set('awaiting', 'me');
      const page = await (await clientOf(env(), o)).list(query);
      output().result(page, pageLines(page, renderListedChange));
    });

  as(change.command('operations'))
    .description('what may be asked for, with the members of each input')
    .action(async (o: Caller) => {
      const list = await (await clientOf(env(), o)).get<{ items: DescribedOperation[] }>('/v1/operations');
      output().result(list, list.items.map(renderOperation));
    });

  as(change.command('show <id>'))
    .description('one change')
    .action(async (id: string, o: Caller) => show(await (await clientOf(env(), o)).change(id)));

  for (const decision of ['approve', 'reject'] as const) {
    as(change.command(`${decision} <id>`))
      .description(`${decision} what you saw; without --digest, what is shown now`)
      .option('--digest <digest>', 'the digest you saw')
      .option('--comment <text>', 'why', '')
      .action(async (id: string, o: Caller & { digest?: string; comment: string }) => {
        const client = await clientOf(env(), o);
        const digest = o.digest ?? digestToDecide(await client.change(id));
        show(await client.post(`/v1/changes/${id}/decisions`, { decision, digest, comment: o.comment }));
      });
  }

  as(change.command('take-back <id>'))
    .description('take back your own decision while its stage is open')
    .action(async (id: string, o: Caller) =>
      show(await (await clientOf(env(), o)).delete(`/v1/changes/${id}/decisions`)),
    );

  as(change.command('review <id>'))
    .description('sign the review that a break-glass change owes')
    .requiredOption('--comment <text>', 'what you found')
    .action(async (id: string, o: Caller & { comment: string }) => {
      show(await (await clientOf(env(), o)).post(`/v1/changes/${id}/review`, { comment: o.comment }));
    });

  as(change.command('withdraw <id>'))
    .description('withdraw a change before its call')
    .option('--comment <text>', 'why', '')
    .action(async (id: string, o: Caller & { comment: string }) => {
      show(await (await clientOf(env(), o)).post(`/v1/changes/${id}/withdrawal`, { comment: o.comment }));
    });

  for (const action of ['pause', 'resume', 'retry', 'abandon'] as const) {
    as(change.command(`${action} <id>`))
      .description(`${action} an approved change (operators)`)
      .requiredOption('--comment <text>', 'why')
      .action(async (id: string, o: Caller & { comment: string }) => {
        show(
          await (
            await clientOf(env(), o)
          ).post(`/v1/changes/${id}/execution`, { action, comment: o.comment }),
        );
      });
  }

  as(change.command('wait <id>'))
    .description('wait until a change has ended; the exit code says how')
    .action(async (id: string, o: Caller) => end(await clientOf(env(), o), id));

  as(change.command('watch <id>'))
    .description('follow the audit entries of a change until it ends')
    .action(async (id: string, o: Caller) => {
      const client = await clientOf(env(), o);
      let shown = 0;
      for (;;) {
        const { closedAt } = await client.change(id);
        const entries = await client.events(id);
        for (const entry of entries.slice(shown)) output().result(entry, [renderEntry(entry)]);
        shown = entries.length;
        if (closedAt !== null) return;
        await delay(1000);
      }
    });
}
