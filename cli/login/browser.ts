import { spawn } from 'node:child_process';

/** How long somebody may take to log in, ms. */
export const loginPatienceMs = 300_000;

/** Opens a page in the person's browser, where there is one. It is told anyway, so nothing is said when there is none. */
export function openBrowser(address: string): void {
  const [command, ...args] = openers[process.platform] ?? ['xdg-open'];
  // No shell: an address is one argument, whatever is in it.
  const child = spawn(command, [...args, address], { stdio: 'ignore', detached: true });
  child.on('error', () => undefined);
  child.unref();
}

const openers: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
