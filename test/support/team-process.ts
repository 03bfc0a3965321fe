import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** A worker of somebody else's, in whatever language, as a process of its own. */
export function startTeam(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = `${output}${chunk.toString()}`.slice(-20_000);
    });
  }
  return {
    /** What it has written last. */
    output: () => output,
    async stop(): Promise<void> {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

export type Team = ReturnType<typeof startTeam>;
