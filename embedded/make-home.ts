import { chmod, mkdir } from 'node:fs/promises';
import { postgresOsUser } from './postgres-binaries.ts';

/**
 * Makes the folder that a stack keeps its data in, where there is none. Where Postgres has to run as another OS user, that user
 * must pass through to its own folder, whatever the umask is; the secrets beside it are their owner's alone (0600).
 */
export async function makeHome(home: string): Promise<void> {
  const made = await mkdir(home, { recursive: true });
  if (made !== undefined && postgresOsUser()) await chmod(home, 0o711);
}
