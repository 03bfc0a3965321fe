import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { exitCodes } from './exit-codes.ts';
import { complain, printLine } from './print.ts';
import { endOnUnwrittenOutput } from './unwritten-output.ts';
import { atMostOnce } from './verify-files.ts';
import type { VerifyArguments } from './verify-files.ts';
import { serveVerification, verifyWithThreads } from './verify-thread.ts';

// `verify.mjs`, the verifier that every pack carries, is this file with all that it imports, as one.
const help = `node verify.mjs <pack.tgz or folder> --key <trusted keys> [--key …] [--since <checkpoint>]
    [--max-age <such as 24h>] [--at <time>] [--policies <policy file or folder> …] [--json]
exit codes: 0 valid, 1 tampered, 2 incomplete or not judged, 3 used wrongly, 74 the output cannot be written`;

if (!(await serveVerification())) {
  endOnUnwrittenOutput();
  process.once('uncaughtException', (error) => {
    complain(error.message);
    process.exit(exitCodes.notJudged);
  });
  process.exitCode = await main();
}

async function main(): Promise<number> {
  let args;
  try {
    args = argumentsOf();
  } catch (error) {
    complain((error as Error).message);
    return exitCodes.usage;
  }
  if (args === null) {
    for (const line of help.split('\n')) printLine(line);
    return 0;
  }
  try {
    return await verifyWithThreads(fileURLToPath(import.meta.url), args, printLine, complain);
  } catch (error) {
    complain((error as Error).message);
    return exitCodes.notJudged;
  }
}

/** What was asked for; null for the help. @throws Error in words */
function argumentsOf(): VerifyArguments | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: 'string', multiple: true, default: [] },
      since: { type: 'string', multiple: true, default: [] },
      'max-age': { type: 'string', multiple: true, default: [] },
      at: { type: 'string', multiple: true, default: [] },
      policies: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const [pack, ...more] = positionals;
  if (pack === undefined || more.length > 0) throw new Error(help);
  const { key, policies, json } = values;
  const since = atMostOnce('--since', values.since);
  const maxAge = atMostOnce('--max-age', values['max-age']);
  const at = atMostOnce('--at', values.at);
  return { pack, keys: key, since, maxAge, at, policies, json };
}
