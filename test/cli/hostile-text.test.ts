import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { apiTokenCommands } from '../../cli/api-token-commands.ts';
import { auditCommands } from '../../cli/audit-commands.ts';
import { changeCommands } from '../../cli/change-commands.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { freezeCommands } from '../../cli/freeze-commands.ts';
import { policyCommands } from '../../cli/policy-commands.ts';
import { shownLines } from '../../domain/shown-text.ts';
import { outputOf, printLine } from '../../cli/print.ts';

vi.setConfig({ testTimeout: 120_000 });

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const id = '11111111-1111-4111-8111-111111111111';
/** Everything that a terminal obeys or that hides what is written, and a line of ours. */
const hostile =
  'x\u001b[2J\u001b]0;t\u0007\u009b1A\u0000\u007f\r\n\u0085\u2028\u202e\u2066\u200b\ufeff\u{e0041}\ndecision    approved\n1  2026-11-29T00:00:00.000Z  decision.approved';
const person = { issuer: hostile, subject: hostile, name: hostile };
const seats = { stage: hostile, group: hostile, seats: 1, alsoFrom: [hostile, null] };
const change = {
  ...{ id: hostile, operation: hostile, justification: hostile, requester: person },
  ...{ decisionStatus: 'pending', executionStatus: hostile, reviewStatus: 'signed', breakGlass: true },
  ...{ decideBy: hostile, executeBy: hostile, digest: hostile, closedAt: hostile, missing: [seats] },
  target: { id: hostile, scope: { [hostile]: hostile }, label: hostile },
  policy: { name: hostile, version: hostile, digest: hostile },
  ticket: { system: hostile, id: hostile, url: hostile },
  ticketRead: {
    ...{ point: hostile, at: hostile, verdict: hostile, message: hostile },
    ticket: {
      ...{ key: hostile, state: hostile, type: hostile, project: hostile, summary: hostile },
      fields: { [hostile]: hostile },
    },
  },
  snapshot: { [hostile]: hostile },
  presented: [{ label: hostile, value: hostile }],
  decisions: [{ decision: hostile, person, at: hostile, comment: hostile, counts: false, round: 1 }],
  attempts: [{ ordinal: 1, outcome: hostile, httpStatus: 500, code: hostile, requestId: hostile }],
  waitsFor: { kind: hostile, freezeId: hostile, until: hostile, reason: hostile },
  stop: { action: hostile, by: person, comment: hostile, at: hostile },
  outcome: { code: hostile, message: hostile },
  review: { person, comment: hostile },
};
const entry = {
  ...{ index: 1, type: hostile, time: hostile, actor: person },
  label: hostile,
  attempt: { ordinal: 1, code: hostile, requestId: hostile },
  outcome: { code: hostile },
};
const token = {
  ...{
    id: hostile,
    name: hostile,
    scopes: [hostile],
    expiresAt: hostile,
    revokedAt: hostile,
    lastUsedAt: hostile,
  },
  secret: hostile,
};
const freeze = {
  ...{ id: hostile, operation: hostile, scope: { [hostile]: hostile }, startsAt: hostile },
  ...{ endsAt: hostile, liftedAt: null, reason: hostile, changeId: hostile, freezeId: hostile },
};
const revocation = {
  ...{
    digest: hostile,
    name: hostile,
    version: hostile,
    comment: hostile,
    revokedBy: person,
    revokedAt: hostile,
  },
};
const answers: readonly (readonly [RegExp, unknown])[] = [
  [/\/events/, { items: [entry, { ...entry, index: null }] }],
  [/\/v1\/changes\?/, { items: [change], nextCursor: hostile }],
  [/\/v1\/changes/, change],
  [/\/overrides/, freeze],
  [/GET \/v1\/freezes/, { items: [freeze], nextCursor: hostile }],
  [/\/v1\/freezes/, freeze],
  [/GET \/v1\/tokens/, { items: [token], nextCursor: hostile }],
  [/\/v1\/tokens/, token],
  [/GET \/v1\/policy-revocations/, { items: [revocation] }],
  [/\/v1\/policy-revocations/, revocation],
];

/** An API in an attacker's hands; under `/broken` it refuses everything. */
const server = createServer((req, res) => {
  const path = `${req.method ?? ''} ${req.url ?? ''}`;
  if (path.includes('/broken/')) {
    const errors = [{ field: hostile, rule: hostile, message: hostile }];
    res.writeHead(409).end(JSON.stringify({ code: 'change_closed', detail: hostile, errors }));
    return;
  }
  if (path.includes('/v1/audit')) {
    res.end(path.includes('/entries?') ? JSON.stringify({ items: [], nextCursor: null }) : hostile);
    return;
  }
  const answer = answers.find(([pattern]) => pattern.test(path))?.[1];
  res.end(JSON.stringify(answer));
});
let folder: string;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-hostile-'));
  const written = JSON.stringify(hostile);
  await writeFile(
    join(folder, 'policy.yaml'),
    `policies:\n  - name: p\n    version: ${written}\n    commentRequired: ${written}\n    ${written}: 1\n`,
  );
  await writeFile(
    join(folder, 'good.yaml'),
    `policies:\n  - name: p\n    version: ${written}\n    stages: [{name: s, groups: [{anyApprover: true, threshold: 1}]}]\n    breakGlass: {groups: [g], approvals: 0, reasons: [${written}]}\n    authentication: {methods: [${written}]}\n`,
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

function printed(args: readonly string[], at: string): Promise<string> {
  const env = {
    PATH: process.env.PATH,
    COUNTERSIGN_TOKEN: 'x',
    COUNTERSIGN_URL: at,
    OIDC_ISSUER: 'https://idp.example',
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env, cwd: folder }, (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
}

const input = JSON.stringify({ regionId: 'cn-hangzhou', mqttInstanceId: 'i', sn: 's' });
const asked: readonly (readonly string[])[] = [
  ['change', 'create', '--instance', 'i', '--sn', 's', '--justification', 'j'],
  ['change', 'list'],
  ['change', 'show', id],
  ['change', 'approve', id],
  ['change', 'reject', id],
  ['change', 'take-back', id],
  ['change', 'review', id, '--comment', 'c'],
  ['change', 'withdraw', id],
  ['change', 'pause', id, '--comment', 'c'],
  ['change', 'watch', id],
  ['freeze', 'list'],
  ['freeze', 'create', '--reason', 'r'],
  ['freeze', 'end', id],
  ['freeze', 'override', id, '--change', id, '--comment', 'c'],
  ['api-token', 'list'],
  ['api-token', 'issue', '--name', 'n', '--scope', 'audit:read', '--expires-at', 't'],
  ['api-token', 'revoke', id],
  ['policy', 'revoke', 'd', '--comment', 'c'],
  ['policy', 'revocations'],
  ['audit', 'checkpoint'],
  ['audit', 'prove', '1'],
];
const local: readonly (readonly string[])[] = [
  ['policy', 'check', 'policy.yaml'],
  ['policy', 'check', 'good.yaml'],
  ['policy', 'explain', 'good.yaml', '--input', input, '--requester', hostile.replace('\0', '')],
  ['policy', 'explain', 'good.yaml', '--input', hostile.replace('\0', ''), '--requester', 'r'],
  ['policy', 'check', hostile.replace('\0', '')],
  [`--${hostile.replace('\0', '')}`],
  ['audit', 'verify', hostile.replace('\0', ''), '--key', 'good.yaml'],
];

function assertPlain(text: string): void {
  expect(text).not.toBe('');
  expect(shownLines(text).join('\n')).toBe(text);
  // No line is one that we would have written of a decision.
  expect(text).not.toMatch(/^(decision {4}approved|1 {2}2026)/m);
}

const cases = (commands: readonly (readonly string[])[]) => commands.map((args) => [args] as const);
test.each(cases(asked))('what others wrote is shown with escapes: %j', async (args) => {
  for (const json of [false, true]) assertPlain(await printedHere(args, json));
});

// And by the command itself, errors and what commander says included.
test.each(cases([...local, ...asked.slice(1, 3), ...asked.slice(-1)]))(
  'the whole command shows escapes: %j',
  async (args) => {
    const texts = await Promise.all([printed(args, url), printed(['--json', ...args], url)]);
    texts.forEach(assertPlain);
  },
);

test.each(cases(asked.filter((_, i) => i % 7 === 2)))(
  'what a refusal quotes is shown with escapes: %j',
  async (args) => {
    const at = `${url}/broken`;
    (await Promise.all([printed(args, at), printed(['--json', ...args], at)])).forEach(assertPlain);
  },
);

/** What a command prints when it is run in this process. */
async function printedHere(args: readonly string[], json: boolean): Promise<string> {
  const program = new Command().exitOverride();
  const env = () => readEnvironment({ COUNTERSIGN_TOKEN: 'x', COUNTERSIGN_URL: url });
  for (const add of [changeCommands, policyCommands, freezeCommands, apiTokenCommands, auditCommands])
    add(program, env, () => outputOf(json));
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    // What is no checkpoint and no proof is refused.
    await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => printLine(String(error)));
    return written.mock.calls.map(([text]) => String(text)).join('');
  } finally {
    written.mockRestore();
  }
}
