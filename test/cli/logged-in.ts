import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Profile, Tokens } from '../../cli/login/profile-file.ts';
import { DEMO_CLI_CLIENT_ID } from '../../embedded/demo-provider.ts';
import { headlessBrowser } from '../support/headless-browser.ts';
import { eventually } from '../support/service.ts';
import { temporaryHome } from '../support/stack.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

/** A person's own machine, from which they use the command line: nobody has logged in there. */
export async function personalMachine(api: string, env: NodeJS.ProcessEnv = {}) {
  const home = await temporaryHome();
  const folder = join(home, 'config', 'countersign', 'profiles');

  /** A command as a user gives it. */
  function run(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    const child = spawn(process.execPath, [main, '--json', ...args], {
      env: {
        PATH: process.env.PATH,
        HOME: home,
        XDG_CONFIG_HOME: join(home, 'config'),
        COUNTERSIGN_HOME: join(home, 'server'),
        COUNTERSIGN_URL: api,
        COUNTERSIGN_CLIENT_ID: DEMO_CLI_CLIENT_ID,
        ...env,
        ...more,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, told] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
    const exited = once(child, 'close').then(([code]) => ({
      code: code as number | null,
      answer: JSON.parse(out === '' ? '{}' : out) as Record<string, unknown>,
      told,
    }));
    return {
      child,
      exited,
      /** Waits until it has told something, and answers the first group. */
      async heard(pattern: RegExp): Promise<string> {
        return eventually(
          () => {
            const found = pattern.exec(told)?.[1];
            if (found === undefined && child.exitCode !== null)
              throw new Error(`it has ended: ${out}${told}`);
            return Promise.resolve(found ?? null);
          },
          () => told,
        );
      },
    };
  }

  const fileOf = async (): Promise<string> => {
    const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    if (files.length !== 1 || files[0] === undefined) throw new Error(`not one profile: ${files.join(', ')}`);
    return join(folder, files[0]);
  };
  const profile = async () => JSON.parse(await readFile(await fileOf(), 'utf8')) as Profile;

  return {
    folder,
    run,
    fileOf,
    profile,
    /** Logs in by a browser of its own, as whom the fields of the demo provider's page say. */
    async logIn(fields: Readonly<Record<string, string>>, ...args: string[]) {
      const login = run(['login', '--no-browser', ...args]);
      const page = await headlessBrowser().logIn(await login.heard(/^log in at (\S+)$/m), fields);
      return { page, ...(await login.exited) };
    },
    /** Changes the tokens that are kept. */
    async keep(tokens: Partial<Tokens>): Promise<void> {
      const kept = await profile();
      if (kept.tokens === null) throw new Error('nobody is logged in');
      await writeFile(await fileOf(), JSON.stringify({ ...kept, tokens: { ...kept.tokens, ...tokens } }));
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}
export type PersonalMachine = Awaited<ReturnType<typeof personalMachine>>;
