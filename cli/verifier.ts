import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { endOnBrokenPipe } from './broken-pipe.ts';
import { complain, printLine } from './print.ts';
import { atMostOnce } from './verify-files.ts';
import { serveVerification, verifyWithThreads } from './verify-thread.ts';

// `verify.mjs`, the verifier that every pack carries, is this file with all that it imports, as one.
const help = `node verify.mjs <pack.tgz or folder> --key <trusted keys> [--key …] [--since <checkpoint>]
    [--max-age <such as 24h>] [--at <time>] [--policies <policy file or folder> …] [--json]
exit codes: 0 valid, 1 tampered, 2 incomplete, 3 used wrongly`;

if (!(await serveVerification())) {
  endOnBrokenPipe();
  process.exitCode = await main();
}

async function main(): Promise<number> {
  try {
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
    if (values.help) {
      for (const line of help.split('\n')) printLine(line);
      return 0;
    }
    const [pack, ...more] = positionals;
    if (pack === undefined || more.length > 0) throw new Error(help);
    const { key, policies, json } = values;
    const since = atMostOnce('--since', values.since);
    const maxAge = atMostOnce('--max-age', values['max-age']);
    const at = atMostOnce('--at', values.at);
    const args = { pack, keys: key, since, maxAge, at, policies, json };
    return await verifyWithThreads(fileURLToPath(import.meta.url), args, printLine, complain);
  } catch (error) {
    complain((error as Error).message);
    return 3;
  }
}
