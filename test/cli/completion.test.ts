import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decisionStatuses } from '../../domain/status.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

const isHere = (shell: Shell): boolean => {
  try {
    execFileSync(shell, ['-c', 'exit']);
    return true;
  } catch {
    return false;
  }
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-completion-'));
  await Promise.all(
    shells.map(async (shell) => {
      const script = await run(process.execPath, [main, 'completion', shell]);
      await writeFile(join(folder, shell), script);
    }),
  );
});
afterAll(() => rm(folder, { recursive: true }));

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } },
      (error, out, told) => {
        if (error === null && told === '') resolve(out);
        else reject(error ?? new Error(told));
      },
    );
  });
}

const inQuotes = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ');

/** What a shell offers for a line whose last word is not finished. */
const offers: Record<Shell, (line: string) => Promise<string[]>> = {
  async bash(line) {
    // As readline parts it: blanks, and each of its other breaks as a word.
    const words = line.split(/(?<=[:=])|(?=[:=])| /g);
    const out = await run('bash', [
      '-c',
      `source ./bash; COMP_WORDS=(${inQuotes(words)}); COMP_CWORD=${words.length - 1}
       _countersign; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ]);
    return out.split('\n').filter((word) => word !== '');
  },
  async zsh(line) {
    const words = line.split(' ');
    // What is inserted is given to one of two builtins, which exist while a line is completed only.
    const out = await run('zsh', [
      '-fc',
      `compdef() { }; _files() { print FILES }; compset() { cur=\${cur#*=} }
       compadd() { shift; print -rl -- "\${@//:/\\\\:}" }; _describe() { print -l -- \${(P)@[-1]} }
       source ./zsh; words=(${inQuotes(words)}); CURRENT=${words.length}
       _countersign`,
    ]);
    const cur = (words.at(-1) ?? '').replace(/^--[^=]*=/, '');
    return out
      .split('\n')
      .map((word) => /^(?:\\.|[^:\\])*/.exec(word)?.[0].replaceAll('\\', '') ?? '')
      .filter((word) => word !== '' && word.startsWith(cur));
  },
  async fish(line) {
    const out = await run('fish', ['-Nc', `source ./fish; complete -C '${line}'`]);
    return out.split('\n').flatMap((row) => (row === '' ? [] : (row.split('\t')[0] ?? '')));
  },
};

describe.each(shells.map((shell) => [shell, offers[shell]] as const))('%s', (shell, offered) => {
  // The scripts are tried in the shells that are here; bash is everywhere.
  test.skipIf(shell !== 'bash' && !isHere(shell)).each<[string, readonly string[]]>([
    ['countersign chan', ['change']],
    ['countersign log', ['login', 'logout']],
    ['countersign change re', ['reject', 'review', 'resume', 'retry']],
    ['countersign --json change wi', ['withdraw']],
    ['countersign change list --dec', ['--decision']],
    ['countersign change list --limit 5 --exe', ['--execution']],
    ['countersign change list --decision ap', ['approved']],
    ['countersign change list --decision pending --execution sch', ['scheduled']],
    // A value is no command, whatever it is.
    ['countersign change list --scope change li', []],
    ['countersign login --jso', ['--json']],
    ['countersign completion z', ['zsh']],
    ['countersign subscription create x --form cl', ['cloudevents']],
  ])('%s', async (line, expected) => {
    expect((await offered(line)).toSorted()).toEqual([...expected].toSorted());
  });

  test.skipIf(shell !== 'bash' && !isHere(shell))('every value of a choice, also behind =', async () => {
    expect((await offered('countersign change list --decision ')).toSorted()).toEqual(
      decisionStatuses.toSorted(),
    );
    const behind = await offered('countersign change list --decision=');
    expect(behind.map((word) => word.replace('--decision=', '')).toSorted()).toEqual(
      decisionStatuses.toSorted(),
    );
  });

  test.skipIf(shell !== 'bash' && !isHere(shell))('values with a colon, one after the other', async () => {
    const line = 'countersign api-token issue --scope audit:read changes:re';
    const [only, ...more] = await offered(line);
    // Bash replaces what stands behind the colon.
    expect([only, more]).toEqual([shell === 'bash' ? 'request' : 'changes:request', []]);
  });

  test.skipIf(shell !== 'bash' && !isHere(shell))(
    'every command and option is among what is offered',
    async () => {
      expect(await offered('countersign ')).toEqual(
        expect.arrayContaining([
          'start',
          'api',
          'worker',
          'doctor',
          'change',
          'audit',
          'policy',
          'freeze',
          'whoami',
        ]),
      );
      expect(await offered('countersign audit verify --')).toEqual(
        expect.arrayContaining(['--key', '--since', '--help']),
      );
    },
  );
});
