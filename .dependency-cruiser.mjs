/**
 * The rules of imports between folders; what each folder is for is said in README.md. Calls go one way, api → workflows →
 * activities → onsmqtt and audit. Type-only imports between folders are free.
 */
const may = {
  domain: [],
  operations: ['domain'],
  // Operations that a file declares. Their schemas are compiled to code, so no workflow's bundle has this folder.
  declarations: ['domain', 'operations'],
  codec: ['domain'],
  workflows: ['domain'],
  activities: ['domain', 'operations', 'declarations', 'audit', 'store', 'calendar', 'policies'],
  onsmqtt: ['domain', 'operations'],
  // Of the calendar only the rule of the gate, which reads nothing: the verifier asks it of calls that were made. Of the
  // store two pieces of SQL text. Of identity how a statement's key is named: trusted keys and rotations name it, too. Of the
  // operations the targets of the bundled ones.
  audit: [
    'domain',
    'calendar/block-at.ts',
    'identity/statement-key.ts',
    'operations/bundled-targets.ts',
    'store/is-in-log.ts',
    'store/moment-text.ts',
  ],
  store: ['domain'],
  calendar: ['domain', 'store'],
  policies: ['domain', 'operations', 'calendar'],
  identity: ['domain'],
  api: [
    'domain',
    'operations',
    'identity',
    'audit',
    'store',
    'calendar',
    'policies',
    'workflows/messages.ts',
  ],
  // A service's activities on memory: its rules, and not its store.
  testing: [
    'domain',
    'operations',
    'declarations',
    'activities',
    'calendar',
    'identity',
    'plugin',
    'policies',
    'workflows/messages.ts',
    'api/engine.ts',
    // What reads a file of declared operations.
    'cli/missing-package.ts',
    'cli/operations-file.ts',
    'cli/service-packages.ts',
  ],
  // And the verifier, as `countersign/verify`.
  plugin: [
    'domain',
    'codec',
    'operations',
    'activities',
    'audit/exceptions/exception.ts',
    'audit/pack/published-checkpoint.ts',
    'audit/verify',
    'identity/statement-signer.ts',
    'workflows/approval.ts',
    'workflows/host-answer.ts',
    'workflows/messages.ts',
    'workflows/plain-value.ts',
    'workflows/require-approval.ts',
  ],
  tickets: ['domain', 'audit', 'store'],
  // Of the API only how HTTP is spoken: nothing that decides, reads or records.
  console: [
    'domain',
    'store',
    'api/cors.ts',
    'api/no-store.ts',
    'api/plain-path.ts',
    'api/problem.ts',
    'api/request-log.ts',
    'api/router.ts',
  ],
  // A client of the API: of it only how HTTP is spoken.
  mcp: ['domain', 'operations', 'client', 'api/no-store.ts', 'api/problem.ts', 'api/request-log.ts'],
  // The API from outside: of it only types.
  client: ['domain'],
  simulator: [],
  embedded: [],
  // Only the package's public entries.
  examples: ['plugin', 'client'],
};

/** Of all folders with rules; the command line may import every other. */
const folders = [...Object.keys(may), 'cli'];

const only = (name, packages, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^(${folders.join('|')})/`, pathNot: allowed.map((folder) => `^${folder}/`) },
  to: { path: packages, dependencyTypesNot: ['type-only'] },
});

export default {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    ...Object.entries(may).map(([folder, allowed]) => ({
      name: `${folder}-imports`,
      severity: 'error',
      from: { path: `^${folder}/` },
      to: {
        path: `^(${folders.join('|')})/`,
        pathNot: [`^${folder}/`, ...allowed.map((place) => `^${place}`)],
        dependencyTypesNot: ['type-only'],
      },
    })),
    only('only-onsmqtt-calls-the-vendor', 'node_modules/@alicloud/', ['onsmqtt']),
    only('only-store-and-audit-know-postgres', 'node_modules/pg/', ['store', 'audit', 'embedded']),
    only('only-tickets-know-chat-and-mail', 'node_modules/(@slack|nodemailer)/', ['tickets']),
    only('only-api-console-and-mcp-serve-http', 'node_modules/express/', ['api', 'console', 'mcp']),
    only('only-mcp-speaks-to-agents', 'node_modules/@modelcontextprotocol/', ['mcp', 'examples']),
    {
      name: 'sandbox',
      comment:
        'What a workflow loads runs in its sandbox, and the page in a browser: no modules of Node, nothing with effects.',
      severity: 'error',
      from: { path: '^(domain|workflows|console/page)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'page-runs-domain-alone',
      comment: 'A browser shows the page to people who decide: of ours it runs the rules, and its own.',
      severity: 'error',
      from: { path: '^console/page/', pathNot: '^console/page/vite.config.ts$' },
      to: {
        pathNot: [
          '^(console/page|domain)/',
          'node_modules/(preact|@tanstack|wouter-preact|d3-scale|d3-shape|eventsource-parser)/',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'nothing-runs-the-page',
      severity: 'error',
      from: { pathNot: '^console/page/' },
      to: { path: '^console/page/' },
    },
    {
      name: 'no-calendar-in-workflows',
      comment: 'Time-zone data differ between workers: a replay would come to another answer.',
      severity: 'error',
      from: { path: '^(domain|operations|workflows)/' },
      to: { path: '^calendar/' },
    },
    {
      name: 'not-from-tests',
      severity: 'error',
      from: { path: `^(${folders.join('|')})/` },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test|bench|scripts|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
