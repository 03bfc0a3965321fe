import { createHash } from 'node:crypto';
import { openPack } from '../audit/verify/pack-source.ts';
import { linesOf } from '../audit/verify/lines.ts';
import { verifyInThread } from '../cli/verify-thread.ts';
import { highestResidentMb } from './usage.ts';

/**
 * A process of its own, whose memory is measured: verifies a pack, or parses and hashes each of its entries once and
 * nothing else (`base`, which reads the unpacked pack, so that it unpacks nothing).
 */
const [what, path = '', keyFile = '', verifier = ''] = process.argv.slice(2);
const began = performance.now();
let entries = 0;
if (what === 'base') {
  for await (const line of linesOf((await openPack(path)).files(), 'entries.jsonl', 32_768)) {
    if (!line) throw new Error('a line that is no entry');
    JSON.parse(line.toString('utf8'));
    createHash('sha256').update(Buffer.of(0)).update(line).digest();
    entries += 1;
  }
} else {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const code = await verifyInThread(
    verifier,
    {
      pack: path,
      keys: [keyFile],
      since: undefined,
      maxAge: undefined,
      at: undefined,
      policies: [],
      json: true,
    },
    say,
    say,
  );
  if (code !== 0) throw new Error(said.join('\n'));
  entries = (JSON.parse(said.join('')) as { checked: { entries: number } }).checked.entries;
}
const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({
    entries,
    seconds: (performance.now() - began) / 1000,
    processorSeconds: (user + system) / 1e6,
    mostMb: highestResidentMb(),
  }),
);
