import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { pino } from 'pino';
import { apiClient } from '../../client/api-client.ts';
import { createMcpApp, mcpPath } from '../../mcp/app.ts';
import type { McpAppDependencies } from '../../mcp/app.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

/** What a tool answered: its structured content, or the refusal that its text holds. */
interface Answered {
  readonly isError: boolean;
  readonly value: Record<string, unknown>;
  readonly text: string;
}

/** An agent: the official client, and a call that reads the answer. */
export async function agentOn(transport: Transport) {
  const client = new Client({ name: 'test agent', version: '1' });
  await client.connect(transport);
  return {
    client,
    /** Calls a tool. The official client has checked the answer against the tool's output schema. */
    async call(name: string, args: Record<string, unknown> = {}): Promise<Answered> {
      const result = (await client.callTool({ name, arguments: args })) as CallToolResult;
      const [content] = result.content;
      const text = content?.type === 'text' ? content.text : '';
      const value = result.structuredContent ?? (JSON.parse(text) as Record<string, unknown>);
      return { isError: result.isError === true, value, text };
    },
    stop: () => client.close(),
  };
}
export type Agent = Awaited<ReturnType<typeof agentOn>>;

/** `countersign mcp` as an agent's host starts it. */
export function agentOnStdio(api: string, token: string): Promise<Agent> {
  return agentOn(
    new StdioClientTransport({
      command: process.execPath,
      args: [main, 'mcp'],
      env: { COUNTERSIGN_URL: api, COUNTERSIGN_TOKEN: token },
      stderr: 'ignore',
    }),
  );
}

/** An agent with a token, over HTTP. */
export function agentOnHttp(url: URL, token: string): Promise<Agent> {
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  return agentOn(new StreamableHTTPClientTransport(url, { requestInit }));
}

/** The server over HTTP on a free port, in front of an API; it keeps what it has called. */
export async function serveMcp(api: string, overrides: Partial<McpAppDependencies> = {}) {
  const calls: string[] = [];
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const app = createMcpApp({
    url: new URL(`http://${host}`),
    hosts: [host],
    clientFor: (token) =>
      apiClient(api, token, (input, init) => {
        const { pathname } = new URL(input);
        calls.push(`${init?.method ?? 'GET'} ${pathname.replace(/[0-9a-f-]{36}/, '<id>')}`);
        return fetch(input, init);
      }),
    async issuers() {
      const answer = await fetch(`${api}/.well-known/oauth-protected-resource`);
      return ((await answer.json()) as { authorization_servers: string[] }).authorization_servers;
    },
    version: '0.0.0',
    log: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
    trustProxy: 0,
    mostAtOnce: 20,
    ...overrides,
  });
  server.on('request', app);
  return {
    url: new URL(`http://${host}${mcpPath}`),
    host,
    calls,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
