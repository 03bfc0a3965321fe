import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createMcpServer } from './server.ts';
import type { McpDependencies } from './server.ts';

/** Serves one client on stdin and stdout, until stdin ends. */
export async function serveStdio(deps: McpDependencies): Promise<void> {
  const server = createMcpServer(deps);
  const ended = new Promise((resolve) => process.stdin.once('end', resolve).once('close', resolve));
  await server.connect(new StdioServerTransport());
  await ended;
  await server.close();
}
