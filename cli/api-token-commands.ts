import { Option } from 'commander';
import type { Command } from 'commander';
import { scopes } from '../domain/scope.ts';
import type { ApiToken } from '../store/api-token-columns.ts';
import { asCaller as as, clientOf } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';
import { asPage, pageLines, pageQuery } from './page.ts';
import type { PageOptions } from './page.ts';
import type { Output } from './print.ts';

/** `countersign api-token …`: what `/v1/tokens` does, from a terminal. `countersign token` is another thing: a demo login. */
export function apiTokenCommands(program: Command, env: () => Environment, output: () => Output): void {
  const token = program
    .command('api-token')
    .description('list, issue and revoke the tokens of machines (admins)');

  asPage(as(token.command('list')), 'most tokens')
    .description('API tokens, the last issued first, also those that have ended')
    .action(async (o: Caller & PageOptions) => {
      const client = await clientOf(env(), o);
      const page = await client.get<{ items: ApiToken[]; nextCursor: string | null }>(
        `/v1/tokens?${pageQuery(o).toString()}`,
      );
      output().result(page, pageLines(page, tokenLine));
    });

  as(token.command('issue'))
    .description('issue a token; its secret is shown this once')
    .requiredOption('--name <text>', 'what it is for')
    .addOption(new Option('--scope <scope...>', 'what it may').choices(scopes).makeOptionMandatory())
    .requiredOption('--expires-at <time>', 'ISO 8601, at most 366 days ahead')
    .action(async (o: Caller & { name: string; scope: string[]; expiresAt: string }) => {
      const { name, scope, expiresAt } = o;
      const client = await clientOf(env(), o);
      const issued = await client.post<ApiToken & { secret: string }>('/v1/tokens', {
        name,
        scopes: scope,
        expiresAt,
      });
      output().result(issued, [tokenLine(issued), `secret, shown this once: ${issued.secret}`]);
    });

  as(token.command('revoke <id>'))
    .description('revoke a token, at once and for good')
    .action(async (id: string, o: Caller) => {
      const client = await clientOf(env(), o);
      const revoked = await client.delete<ApiToken>(`/v1/tokens/${encodeURIComponent(id)}`);
      output().result(revoked, [tokenLine(revoked)]);
    });
}

function tokenLine({ id, name, scopes: may, expiresAt, revokedAt, lastUsedAt }: ApiToken): string {
  const ended = Date.parse(expiresAt) <= Date.now();
  const state =
    revokedAt !== null ? `revoked at ${revokedAt}` : `${ended ? 'expired' : 'expires'} at ${expiresAt}`;
  return `${id}  ${state}  last used ${lastUsedAt ?? 'never'}  ${may.join(', ')}: ${name}`;
}
