import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { startTracing as StartTracing } from '../cli/tracing.ts';
import type { readEnvironment as ReadEnvironment } from '../cli/environment.ts';
import type { workflowBundle as WorkflowBundle } from '../cli/workflow-bundle.ts';

/**
 * `node scripts/bundle-workflows.ts <home>`: bundles the workflows of `dist/` into `<home>/cache` ahead of time, without
 * tracing and with it, without payload keys and with them, for an image whose file system is read-only when it runs.
 */
const home = process.argv[2];
if (home === undefined) throw new Error('usage: node scripts/bundle-workflows.ts <home>');

const { workflowBundle } = await built<{ workflowBundle: typeof WorkflowBundle }>('workflow-bundle.js');
const { startTracing } = await built<{ startTracing: typeof StartTracing }>('tracing.js');
const { readEnvironment } = await built<{ readEnvironment: typeof ReadEnvironment }>('environment.js');

// Nothing is sent there: only the names of the interceptors' modules are asked for.
const tracing = startTracing(
  'bundle',
  readEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }),
);
for (const plugins of [[], tracing.plugins]) {
  for (const encodesFailures of [false, true]) {
    const { codePath } = await workflowBundle(resolve(home), plugins, encodesFailures);
    process.stdout.write(`${codePath}\n`);
  }
}
await tracing.stop();

function built<T>(file: string): Promise<T> {
  return import(pathToFileURL(join(import.meta.dirname, '..', 'dist', 'cli', file)).href) as Promise<T>;
}
