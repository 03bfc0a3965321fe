import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { openPack } from '../audit/verify/pack-source.ts';
import { linesOf } from '../audit/verify/lines.ts';
import { readTrustedKeys } from '../audit/verify/trusted-keys.ts';
import { verifyPack } from '../audit/verify/verify-pack.ts';
import { createSignatureVerifier } from '../identity/statement-signer.ts';

/**
 * A process of its own, whose memory is measured: verifies a pack, or parses and hashes each of its entries once and
 * nothing else (`base`, which reads the unpacked pack, so that it unpacks nothing).
 */
const [what, path = '', keyFile = ''] = process.argv.slice(2);
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
  const keys = readTrustedKeys([await readFile(keyFile, 'utf8')]);
  const verifyStatement = createSignatureVerifier(keys.statementKeys);
  const verdict = await verifyPack(await openPack(path), { keys, since: null, verifyStatement });
  if (verdict.result !== 'valid') throw new Error(JSON.stringify(verdict.findings));
  entries = verdict.checked.entries;
}
const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({
    entries,
    seconds: (performance.now() - began) / 1000,
    processorSeconds: (user + system) / 1e6,
    mostMb: process.resourceUsage().maxRSS / 1024,
  }),
);
