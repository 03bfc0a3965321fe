import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { BundlerPlugin } from '@temporalio/worker';
import { failureConverterPath } from '../codec/data-converter.ts';
import { workflowsPath } from '../plugin/countersign-plugin.ts';
import { keepFile } from './kept-file.ts';

const root = join(import.meta.dirname, '..');

/**
 * The workflows as one bundle, made once for each state of their sources and kept in `<home>/cache`. Bundling takes
 * seconds to half a minute, loading a kept one none.
 *
 * @param encodesFailures - whether what workflows fail with is encoded, for workers with payload keys
 */
export async function workflowBundle(
  home: string,
  plugins: BundlerPlugin[] = [],
  encodesFailures = false,
): Promise<{ codePath: string }> {
  const digest = createHash('sha256');
  for (const folder of ['domain', 'operations', 'workflows']) {
    for (const file of (await readdir(join(root, folder))).sort()) {
      digest.update(file).update(await readFile(join(root, folder, file)));
    }
  }
  const { version } = JSON.parse(
    await readFile(new URL(import.meta.resolve('@temporalio/workflow/package.json')), 'utf8'),
  ) as { version: string };
  const name = `workflows-${digest
    .update(`${version} ${plugins.map((plugin) => plugin.name).join()} ${encodesFailures}`)
    .digest('hex')
    .slice(0, 20)}.js`;
  const codePath = join(home, 'cache', name);
  await keepFile(codePath, async () => {
    const logger = new DefaultLogger('WARN');
    const options = { workflowsPath, plugins, logger, ...(encodesFailures ? { failureConverterPath } : {}) };
    return (await bundleWorkflowCode(options)).code;
  });
  return { codePath };
}
