import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { rounded } from './measure.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

/**
 * What a host pays for the package's entries, as they are built: ms that each takes to load in a fresh process, the best of
 * several, `countersign` also after Temporal's own packages; and the bytes that `countersign/workflow` adds to a bundle.
 */
export async function benchEntries(rounds: number) {
  const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { readonly default: string }>;
  };
  const entries = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === 'string' ? [] : [[`countersign${name.slice(1)}`, join(root, target.default)] as const],
  );
  const [, first = ''] = entries[0] ?? [];
  await access(first).catch((cause: unknown) => {
    throw new Error('the entries are not built: npm run build', { cause });
  });
  const milliseconds: Record<string, number> = {};
  for (const [name, file] of entries) milliseconds[name] = await loading([], file, rounds);
  milliseconds['@temporalio/worker'] = await loading([], '@temporalio/worker', rounds);
  milliseconds['countersign after @temporalio/worker'] = await loading(['@temporalio/worker'], first, rounds);
  return { milliseconds, bundle: await bundled() };
}

async function loading(before: readonly string[], module: string, rounds: number): Promise<number> {
  const text = `for (const one of ${JSON.stringify(before)}) await import(one);
const began = performance.now();
await import(${JSON.stringify(module)});
console.log(performance.now() - began);`;
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', text], { cwd: root });
    times.push(Number(stdout));
  }
  return rounded(Math.min(...times), 0);
}

/** Bytes of a bundle of one workflow, without and with a gate. */
async function bundled() {
  // Inside of the clone, where the bundler finds Temporal's packages.
  await mkdir(join(root, '.countersign'), { recursive: true });
  const folder = await mkdtemp(join(root, '.countersign', 'bundle-'));
  const bytesOf = async (name: string, text: string) => {
    const workflowsPath = join(folder, `${name}.mjs`);
    await writeFile(workflowsPath, text);
    const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
    return Buffer.byteLength(code.replace(/\n\/\/# sourceMappingURL=.*\s*$/, ''));
  };
  try {
    const workflow = join(root, 'dist', 'plugin', 'workflow.js');
    const sdk = join(root, 'node_modules', '@temporalio', 'workflow', 'lib', 'index.js');
    const own = `import { sleep } from '${sdk}';\nexport async function host() { await sleep(1); }\n`;
    const without = await bytesOf('without', own);
    const withGate = await bytesOf('with', `${own}export { requireApproval } from '${workflow}';\n`);
    return { without, withGate, added: withGate - without };
  } finally {
    await rm(folder, { recursive: true });
  }
}
