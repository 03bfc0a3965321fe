import type { Command } from 'commander';
import { asCaller } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';

/** `countersign mcp`: the tools for agents. What it takes to run them is loaded only then. */
export function mcpCommand(program: Command, env: () => Environment): void {
  asCaller(program.command('mcp'))
    .description(
      'give an agent tools to ask for changes and to follow them (Model Context Protocol, on stdio)',
    )
    .option('--http', 'over HTTP on MCP_PORT instead; each request brings its own bearer token')
    .action(async ({ http, ...caller }: Caller & { http?: true }) => {
      if (http) await (await import('./run-mcp-http.ts')).runMcpHttp(env(), caller);
      else await (await import('./run-mcp.ts')).runMcp(env(), caller);
    });
}
