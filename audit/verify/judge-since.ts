import type { OpenedCheckpoint } from '../checkpoint.ts';
import { verifyConsistency } from '../merkle.ts';
import { hashesOf } from './read-claims.ts';
import type { Verification } from './verification.ts';

/** Whether the log continues what the auditor has. */
export function judgeSince(state: Verification, checkpoint: OpenedCheckpoint): void {
  const { findings, since, consistency } = state;
  if (!since) return;
  const { size, root } = checkpoint;
  if (since.origin !== checkpoint.origin) {
    findings.add('forked', `your checkpoint is of the log ${since.origin}, this one of ${checkpoint.origin}`);
    return;
  }
  if (since.size > size) {
    findings.add('stale', `the checkpoint, of size ${size}, is older than yours, of size ${since.size}`);
    return;
  }
  const own = since.size === size ? root : state.rootAtSince;
  if (own) {
    if (own.equals(since.root)) state.sinceChecked = since.size;
    else findings.add('forked', `at size ${since.size} this log has another root than your checkpoint`);
    return;
  }
  const proof = hashesOf(consistency?.proof);
  if (consistency?.from !== since.size || consistency.to !== size || !proof) {
    findings.add(
      'unchecked',
      `there is no proof from size ${since.size}; export the pack with --since your checkpoint`,
      {
        code: 'since',
      },
    );
    return;
  }
  if (verifyConsistency({ from: since.size, to: size, fromRoot: since.root, toRoot: root, proof })) {
    state.sinceChecked = since.size;
  } else findings.add('forked', `the log does not continue your checkpoint of size ${since.size}`);
}
