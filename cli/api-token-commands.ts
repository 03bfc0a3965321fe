import type { Command } from 'commander';
import { scopes } from '../domain/scope.ts';
import type { ApiToken } from '../store/api-token-columns.ts';
import { asCaller as as, clientOf } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Output } from './change-commands.ts';
import type { Environment } from './environment.ts';

/** `countersign api-token …`: what `/v1/tokens` does, from a terminal. `countersign token` is another thing: a demo login. */
export function apiTokenCommands(program: Command, env: () => Environment, output: () => Output): void {
  const token = program
    .command('api-token')
    .description('list, issue and revoke the tokens of machines (admins)');

  as(token.command('list'))
    .description('API tokens, the last issued first, also those that have ended')
    .option('--limit <n>', 'most tokens', '50')
    .option('--cursor <cursor>', 'the page that another one named')
    .action(async (o: Caller & { limit: string; cursor?: string }) => {
      const query = new URLSearchParams({ limit: o.limit });
      if (o.cursor) query.set('cursor', o.cursor);
      const client = await clientOf(env(), o);
      const page = await client.get<{ items: ApiToken[]; nextCursor: string | null }>(
        `/v1/tokens?${query.toString()}`,
      );
      output().result(page, [
        ...page.items.map(tokenLine),
        ...(page.nextCursor === null ? [] : [`more: --cursor ${page.nextCursor}`]),
      ]);
    });

  as(token.command('issue'))
    .description('issue a token; its secret is shown this once')
    .requiredOption('--name <text>', 'what it is for')
    .requiredOption('--scope <scope...>', `what it may: ${scopes.join(', ')}`)
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
