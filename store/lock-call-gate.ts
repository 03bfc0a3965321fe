import type { PoolClient } from 'pg';

/**
 * Until the transaction ends: `pass` is shared by all who begin calls, `shut` is had by one alone and while nobody passes.
 * Whatever is written under `shut` and committed is seen by whoever passes afterwards.
 */
export async function lockCallGate(client: PoolClient, how: 'pass' | 'shut'): Promise<void> {
  const mode = how === 'pass' ? 'row exclusive' : 'exclusive';
  await client.query(`lock table countersign.call_gate in ${mode} mode`);
}
