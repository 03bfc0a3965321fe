import { withoutSecrets } from '../domain/shown-error.ts';
import { agentApi } from '../mcp/agent-api.ts';
import { serveStdio } from '../mcp/stdio.ts';
import { clientOf } from './caller.ts';
import type { Caller } from './caller.ts';
import type { Environment } from './environment.ts';
import { complain } from './print.ts';
import { ownVersion } from './version.ts';

/** The Model Context Protocol on stdin and stdout, as whoever uses the command line. */
export async function runMcp(env: Environment, caller: Caller): Promise<void> {
  await serveStdio({
    api: agentApi(await clientOf(env, caller)),
    version: ownVersion(),
    onError: (error) => {
      complain(`countersign: ${withoutSecrets(error instanceof Error ? error.message : String(error))}`);
    },
  });
}
