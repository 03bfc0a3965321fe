import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleVerifier } from '../cli/verifier-bundle.ts';
import { buildConsole } from './build-console.ts';

/**
 * `npm run build`: the package's `dist/`, JavaScript and declarations in the same folders as the sources, so that what
 * a module finds by its own place (migrations, workflows, the command line) it finds there too.
 */
const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

await rm(dist, { recursive: true, force: true });
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

// The compiler rewrites the extensions of imports in JavaScript and leaves those in declarations as they are.
for (const file of await readdir(dist, { recursive: true })) {
  if (!file.endsWith('.d.ts')) continue;
  const text = await readFile(join(dist, file), 'utf8');
  await writeFile(
    join(dist, file),
    text.replaceAll(/(\bfrom |\bimport\(|\bimport )(['"])(\.[^'"]*)\.ts\2/g, '$1$2$3.js$2'),
  );
}

for (const file of await readdir(join(root, 'migrations'))) {
  if (/^\d{4}-.*\.sql$/.test(file)) await cp(join(root, 'migrations', file), join(dist, 'migrations', file));
}
await chmod(join(dist, 'cli', 'main.js'), 0o755);

buildConsole();

// What every evidence pack carries. Its hash is to be published with the release: a pack comes from the audited party.
const verifier = await bundleVerifier(root, 'cli/verifier.ts');
await writeFile(join(dist, 'verify.mjs'), verifier);
process.stdout.write(`verify.mjs SHA-256 ${createHash('sha256').update(verifier).digest('hex')}\n`);
