import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keepFile } from './kept-file.ts';

const root = join(import.meta.dirname, '..');

/** The verifier as one file, and its SHA-256 in lower-case hex. */
export interface VerifierBundle {
  readonly code: Uint8Array;
  readonly sha256: string;
}

/**
 * The verifier that packs carry: the package's own `verify.mjs`; in a clone it is made once for each state of the sources
 * and kept in `<home>/cache`.
 */
export async function verifierBundle(home: string): Promise<VerifierBundle> {
  const made = await readFile(join(root, 'verify.mjs')).catch(() => null);
  if (made) return bundleOf(made);
  const path = join(home, 'cache', `verify-${await sourcesDigest()}.mjs`);
  await keepFile(path, () => bundleVerifier(root, 'cli/verifier.ts'));
  return bundleOf(await readFile(path));
}

/** Bundles the verifier; nothing but Node's own modules stays outside. The same sources give the same bytes. */
export async function bundleVerifier(cwd: string, input: string): Promise<string> {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({ cwd, input, platform: 'node', external: /^node:/ });
  try {
    const { output } = await bundle.generate({ format: 'esm', codeSplitting: false });
    const [{ code, imports }] = output;
    const outside = imports.filter((name) => !name.startsWith('node:'));
    if (output.length !== 1 || outside.length > 0)
      throw new Error(`the verifier needs ${outside.join(', ')}`);
    return code;
  } finally {
    await bundle.close();
  }
}

async function sourcesDigest(): Promise<string> {
  const digest = createHash('sha256');
  const folders = [
    'audit',
    'audit/exceptions',
    'audit/pack',
    'audit/verify',
    'calendar',
    'domain',
    'identity',
    'operations',
    'policies',
  ];
  for (const folder of folders) {
    for (const file of (await readdir(join(root, folder))).filter((name) => name.endsWith('.ts')).sort()) {
      digest.update(file).update(await readFile(join(root, folder, file)));
    }
  }
  const files = [
    'verifier',
    'verify-files',
    'verify-thread',
    'verify-help',
    'policies-in-force',
    'exit-codes',
    'text-file',
    'unwritten-output',
    'print',
  ];
  for (const file of files.map((name) => `${name}.ts`))
    digest.update(await readFile(join(root, 'cli', file)));
  return digest
    .update(await readFile(join(root, 'package-lock.json')))
    .digest('hex')
    .slice(0, 20);
}

function bundleOf(code: Uint8Array): VerifierBundle {
  return { code, sha256: createHash('sha256').update(code).digest('hex') };
}
