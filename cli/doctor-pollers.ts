import type { Pool } from 'pg';
import { taskQueuesOf } from '../domain/installation.ts';
import { databaseId } from '../store/database-id.ts';
import type { Environment } from './environment.ts';
import type { Finding } from './finding.ts';
import { findStrangers, strangerRemedy, strangerText } from './pollers.ts';
import { askTemporal } from './temporal.ts';

/** Whether only workers of this database take this installation's tasks. One that is not known may be somebody's own. */
export async function examinePollers(env: Environment, pool: Pool): Promise<Omit<Finding, 'name'>> {
  const { COUNTERSIGN_INSTALLATION: installation } = env;
  const own = await databaseId(pool);
  const asked = askedTemporal();
  const strangers =
    asked && (await findStrangers({ ...asked, installation, databaseId: own }).finally(asked.close));
  if (strangers === null) return { ok: true, found: 'Temporal does not say who takes the tasks', remedy: '' };
  const queues = Object.values(taskQueuesOf(installation)).join(' and ');
  if (strangers.length === 0) return { ok: true, found: `no other database's on ${queues}`, remedy: '' };
  const ok = strangers.every(({ kind }) => kind === 'unknown');
  return { ok, found: strangers.map(strangerText).join('; '), remedy: ok ? '' : strangerRemedy };
}

/** Null where its variables are wrong, which another finding tells. */
function askedTemporal() {
  try {
    const { connection, namespace } = askTemporal();
    return { connection, namespace, close: () => connection.close() };
  } catch {
    return null;
  }
}
