import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../cli/environment.ts';
import { freezeCalendar } from '../../cli/freeze-calendar.ts';
import { peopleVerifier } from '../../cli/identity.ts';
import { checkPolicies } from '../../policies/load.ts';
import { readDirectory } from '../../policies/directory.ts';
import { temporaryHome } from '../support/stack.ts';
import { operations } from '../support/operations.ts';

/** Files as an editor saves them: in a Windows code page, or in UTF-8 with a mark. */
const saved = {
  latin1: (text: string) => Buffer.from(text, 'latin1'),
  marked: (text: string) => Buffer.from(`\uFEFF${text}`, 'utf8'),
};

async function file(name: string, bytes: Buffer): Promise<string> {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const path = join(home, name);
  await writeFile(path, bytes);
  return path;
}

const policy = `# von Jürgen
policies:
  - { name: p, version: "1", stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }] }
`;
const directory = 'groups:\n  g: [{ issuer: "https://id", subject: müller }]\n';
const calendar =
  '- name: sale\n  reason: Räumung\n  startsAt: 2026-11-10T00:00:00Z\n  endsAt: 2026-11-12T00:00:00Z\n';
const roleMap = '{ "Prüfer": ["auditor"] }';

const readers = {
  policy: async (path: string) => {
    const { set, problems } = await checkPolicies({ policyFile: path, directoryFile: null });
    if (set === null)
      throw new Error(problems.map(({ line, message, file: f }) => `${f}:${line} ${message}`).join());
  },
  directory: async (path: string) => {
    const { problems } = await readDirectory(path);
    if (problems.length > 0)
      throw new Error(problems.map(({ line, message, file: f }) => `${f}:${line} ${message}`).join());
  },
  calendar: (path: string) =>
    freezeCalendar(readEnvironment({ COUNTERSIGN_FREEZE_CALENDAR: path }), operations),
  'role map': (path: string) =>
    peopleVerifier(readEnvironment({ OIDC_ISSUER: 'https://id.example', COUNTERSIGN_ROLE_MAP: path })),
};

test.each<[keyof typeof readers, string, string]>([
  ['policy', policy, ':1'],
  ['directory', directory, ':2'],
  ['calendar', calendar, ':2'],
  ['role map', roleMap, ':1'],
])('a %s in a Windows code page is refused, with file, line and byte', async (kind, text, line) => {
  const read = readers[kind];
  const bytes = saved.latin1(text);
  const offset = bytes.findIndex((byte) => byte > 0x7f);
  const path = await file('file', bytes);
  const error: unknown = await Promise.resolve(read(path)).catch((thrown: unknown) => thrown);
  expect((error as Error).message).toContain(`${path}${line} is not UTF-8: byte ${offset} `);
  // With the mark that such an editor may set.
  await read(await file('file', saved.marked(text)));
});
