import type { Logger } from 'pino';
import type { ActivityDependencies } from '../activities/dependencies.ts';
import { readDirectory } from '../policies/directory.ts';
import type { Directory } from '../policies/directory.ts';
import { invalidFile, problemLine } from '../policies/problem.ts';
import type { Environment } from './environment.ts';

const everyMs = 10_000;

/**
 * The directory as the worker asks it right before a call: read again every 10 s, on SIGHUP, and before somebody is said to
 * have left. A file that cannot be read is logged, and what held goes on to hold.
 *
 * @param onLoaded - called with the SHA-256 of the file, at the start and whenever the file is another
 * @throws CountersignError `invalid_configuration` naming file, line, field and rule, at the start
 */
export async function openDirectory(
  env: Environment,
  log: Logger,
  onLoaded: (sha256: string | null) => void = () => undefined,
): Promise<Required<Pick<ActivityDependencies, 'groupsIn' | 'readDirectoryAgain'>>> {
  const file = env.COUNTERSIGN_DIRECTORY ?? null;
  const first = await readDirectory(file);
  if (first.problems.length > 0) throw invalidFile(first.problems);
  let directory: Directory = first.directory;
  let { sha256 } = first;
  onLoaded(sha256);
  let reading: Promise<void> = Promise.resolve();
  // One read after another, so that an earlier read never replaces a later one.
  const readDirectoryAgain = (): Promise<void> => {
    const next = reading
      .catch(() => undefined)
      .then(async () => {
        const { directory: read, problems, sha256: of } = await readDirectory(file);
        for (const problem of problems) log.error(`${problemLine(problem)}; the directory of before holds`);
        if (problems.length > 0) throw invalidFile(problems);
        directory = read;
        if (of === sha256) return;
        sha256 = of;
        onLoaded(sha256);
      });
    reading = next;
    return next;
  };
  if (file !== null) {
    const soon = () =>
      void readDirectoryAgain().catch((err: unknown) => {
        log.error({ err: err as Error }, 'the directory could not be read again; that of before holds');
      });
    setInterval(soon, everyMs).unref();
    process.on('SIGHUP', soon);
  }
  return { groupsIn: (person) => directory.groupsIn(person), readDirectoryAgain };
}
