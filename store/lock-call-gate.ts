import type { PoolClient } from 'pg';

/**
 * Locks the gate until the transaction ends. All transactions that begin calls share `pass`. One transaction alone has
 * `shut`, while none has `pass`; whatever it writes and commits is visible to every later `pass`.
 */
export async function lockCallGate(client: PoolClient, how: 'pass' | 'shut'): Promise<void> {
  const mode = how === 'pass' ? 'row exclusive' : 'exclusive';
  await client.query(`lock table countersign.call_gate in ${mode} mode`);
}
