import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, test, vi } from 'vitest';
import { endOf, startChild } from '../../embedded/child.ts';

const SH = '/bin/sh';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('stop asks first', async () => {
  const child = await startChild({
    command: SH,
    args: ['-c', 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'],
    stopSignal: 'SIGTERM',
  });
  await vi.waitFor(() => expect(child.lastLines()).toBe('ready'), { timeout: 60_000 });
  await child.stop();
  await expect(child.exited).resolves.toEqual({ code: 7, signal: null });
});

test('stop kills what does not listen', async () => {
  const child = await startChild({
    command: SH,
    args: ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done'],
    stopSignal: 'SIGTERM',
  });
  await vi.waitFor(() => expect(child.lastLines()).toBe('ready'), { timeout: 60_000 });
  await child.stop(200);
  await expect(child.exited).resolves.toEqual({ code: null, signal: 'SIGKILL' });
});

test('how it ended is told by signal or exit code', async () => {
  const told = async (script: string) => {
    const child = await startChild({ command: SH, args: ['-c', script], stopSignal: 'SIGTERM' });
    return endOf('worker', await child.exited);
  };
  expect(await told('kill -KILL $$')).toBe('worker was ended by the signal SIGKILL');
  expect(await told('exit 4')).toBe('worker ended by itself with exit code 4');
});

test('a missing program is an error that names it', async () => {
  const missing = startChild({ command: '/nowhere/program', args: [], stopSignal: 'SIGTERM' });
  await expect(missing).rejects.toThrow('/nowhere/program');
});

test('a child ends after its parent was killed', async () => {
  const module = new URL('../../embedded/child.ts', import.meta.url).href;
  const script = `
    const { startChild } = await import(${JSON.stringify(module)});
    const child = await startChild({ command: ${JSON.stringify(SH)}, args: ['-c', 'sleep 600'], stopSignal: 'SIGTERM' });
    console.log(child.pid);
  `;
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  const pid = Number(line);
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 60_000 });
});
