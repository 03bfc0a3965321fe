import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { bundleVerifier } from '../../cli/verifier-bundle.ts';
import { changed, freshPath, packed } from './pack-file.ts';
import type { OpenFile } from './pack-file.ts';
import { changeStory } from './change-story.ts';
import { filesOf, keys, packOf, second, whole } from './pack-testbed.ts';

vi.setConfig({ testTimeout: 60_000 });

const root = join(import.meta.dirname, '..', '..');
const trusted = await freshPath('trusted-keys.txt');
await writeFile(trusted, keys.trusted);
const bundle = await freshPath('verify.mjs');
await writeFile(bundle, await bundleVerifier(root, 'cli/verifier.ts'));

/** Clears the screen, and draws a verdict of its own. */
const drawn = '\u001b[2J\u001b[H\r\nVALID: entries 0 to 35\n\u009b2J\u2028VALID: x\u202e\u0085';
const ofChange = await filesOf({ covers: { kind: 'change', changeId: second }, since: null });
type Members = Record<string, unknown>;

const edited = (files: readonly OpenFile[], edit: (manifest: Members) => Members) =>
  packed(changed(files, 'manifest.json', (text) => JSON.stringify(edit(JSON.parse(text) as Members))));

test.each<[string, () => Promise<string>]>([
  ['the log of the manifest', () => edited(whole, (m) => ({ ...m, log: drawn }))],
  [
    'the change that it covers',
    () =>
      edited(ofChange, (m) => ({
        ...m,
        covers: { kind: 'change', changeId: drawn.padEnd(36).slice(0, 36) },
      })),
  ],
  [
    'a path in the manifest',
    () => edited(whole, (m) => ({ ...m, files: [{ path: drawn, bytes: 0, sha256: '0'.repeat(64) }] })),
  ],
  ['the version', () => edited(whole, (m) => ({ ...m, version: drawn }))],
  ['the origin of the checkpoint', () => packed(changed(whole, 'checkpoint', (text) => `${drawn}${text}`))],
  ['a file', () => packed([...whole, { name: drawn.slice(0, 60), data: Buffer.from('') }])],
  [
    'a type',
    () =>
      packed(
        changed(whole, 'entries.jsonl', (text) =>
          text.replaceAll('change.requested', JSON.stringify(drawn).slice(1, -1)),
        ),
      ),
  ],
  [
    'a subject',
    () => packOf([changeStory().requested({ actor: { issuer: drawn, subject: drawn, name: drawn } })]),
  ],
  ['no pack at all', () => freshPath(`none${drawn.replaceAll('/', '')}.tgz`)],
])('a pack writes nothing to the terminal of its auditor: %s', async (_name, make) => {
  const pack = await make();
  for (const [program, ...args] of [[join(root, 'cli', 'main.ts'), 'audit', 'verify'], [bundle]]) {
    for (const json of [[], ['--json']]) {
      const text = await printed([program ?? '', ...args, pack, '--key', trusted, ...json]);
      expect(text).not.toBe('');
      // eslint-disable-next-line no-control-regex
      expect(text).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]/);
      expect(text).not.toMatch(/^\s*VALID: (x|entries 0 to 35)/m);
    }
  }
});

function printed(args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}
