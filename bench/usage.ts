import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';

/** Resident memory of a process, in MB. */
export function residentMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}

/**
 * The most resident memory that this process has had, in MB. The kernel's `maxRSS` begins with what the process that
 * started this one had then.
 */
export function highestResidentMb(): number {
  try {
    const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (peak !== undefined) return Number(peak) / 1024;
  } catch {
    // No /proc.
  }
  return process.resourceUsage().maxRSS / 1024;
}

const ticksPerSecond = 100;

/**
 * Milliseconds of processor time that a process has used; with `family`, its children that live or were waited for too
 * (Postgres has one for each connection). Null where there is no /proc.
 */
export async function processorMs(pid: number, family = false): Promise<number | null> {
  const own = await ticks(pid);
  if (own === null) return null;
  let sum = own.used + (family ? own.ofEnded : 0);
  for (const name of family ? await readdir('/proc').catch(() => []) : []) {
    const other = /^\d+$/.test(name) ? await ticks(Number(name)) : null;
    if (other?.parent === pid) sum += other.used;
  }
  return (sum * 1000) / ticksPerSecond;
}

/** Milliseconds of processor time that the whole machine has used, for whatever. */
export function machineMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

async function ticks(pid: number): Promise<{ parent: number; used: number; ofEnded: number } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The name is in brackets and may hold blanks: the fields after it are counted from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (i: number) => Number(fields[i]);
  return { parent: number(1), used: number(11) + number(12), ofEnded: number(13) + number(14) };
}
