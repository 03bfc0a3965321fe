import { createHash } from 'node:crypto';
import { limitsOf } from '../pack/manifest.ts';
import type { Manifest } from '../pack/manifest.ts';
import { readmeText } from '../pack/readme.ts';
import type { Verification } from './verification.ts';

/**
 * Manifest and renderings against what the entries give.
 * @param honest - whether the entries are those of the checkpoint
 */
export async function compareRenderings(
  state: Verification,
  manifest: Manifest,
  honest: boolean,
): Promise<void> {
  const { findings, checkpoint, changes } = state;
  const { log, covers, since } = manifest;
  if (!checkpoint || !changes) return;
  if (checkpoint.origin !== log)
    findings.add('altered', `manifest.json names another log, ${log}`, { code: 'file' });
  const { size, root } = checkpoint;
  const about = {
    format: manifest.format,
    version: manifest.version,
    log,
    checkpoint: { size, root: root.toString('hex') },
    covers,
    since,
    counts: {
      entries: state.entries,
      changes: changes.changes,
      types: sorted(state.types),
      context: sorted(state.context),
    },
    notProven: limitsOf(covers, size, since),
  };
  const { files: _files, madeAt: _madeAt, ...claimed } = manifest;
  const missing = manifest.counts.entries - state.entries;
  if (missing !== 0) {
    findings.add(
      missing > 0 ? 'missing' : 'unexpected',
      `the manifest counts ${manifest.counts.entries} entries, there are ${state.entries}`,
    );
  } else if (state.unread === 0 && JSON.stringify(claimed) !== JSON.stringify(about)) {
    findings.add('altered', 'manifest.json does not describe what is here', { code: 'file' });
  }
  // What is rendered from altered entries differs by itself; the entries are told of.
  if (!honest || state.unread > 0 || missing !== 0) return;
  const wanted: Record<string, string> = {
    ...(await state.renderer?.end()),
    'README.txt': sha256(readmeText(about)),
    'report.html': sha256(state.report?.render(about) ?? ''),
  };
  for (const [path, sum] of Object.entries(wanted)) {
    const actual = state.actual.get(path);
    if (actual !== undefined && actual !== sum)
      findings.add('altered', `${path} does not say what the entries say`, { code: 'rendering' });
  }
}

function sorted(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
