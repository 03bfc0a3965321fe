import { shownText } from '../../domain/shown-text.ts';
import { counted, countedEntries } from './counted.ts';
import type { Manifest } from './manifest.ts';

/** How many of a change's pack are its context. */
export function contextText({ context }: Pick<Manifest['counts'], 'context'>): string {
  const count = Object.values(context).reduce((sum, n) => sum + n, 0);
  return count === 0 ? '' : ` and, among them, ${count} by which it is judged`;
}

/** `README.txt`: what the pack is and how to verify it. */
export function readmeText({
  log,
  checkpoint,
  covers,
  counts,
  since,
  notProven,
}: Pick<Manifest, 'log' | 'checkpoint' | 'covers' | 'counts' | 'since' | 'notProven'>): string {
  const what =
    covers.kind === 'change'
      ? `the entries of change ${shownText(covers.changeId)}`
      : `every entry from ${covers.from} up to, without, ${covers.to}`;
  return `Countersign: an evidence pack
=============================

This pack holds ${what} of the log ${shownText(log)}:
${countedEntries(counts.entries)} of ${counted(counts.changes, 'change')}${contextText(counts)}, proved against the checkpoint of size ${checkpoint.size}, root
${checkpoint.root}.

How to verify it
----------------
You need Node.js 22 or later, this pack, and the trusted keys of the log in a file that you got by another way
than this pack (trusted-keys.txt; see docs/auditing.md of Countersign).

    node verify.mjs pack.tgz --key trusted-keys.txt
    node verify.mjs pack.tgz --key trusted-keys.txt --since my-last-checkpoint

The unpacked folder does in place of pack.tgz. No network and no database is used.

verify.mjs comes from those whom you audit. Before you trust its word, compare its SHA-256 with the one that was
published with the release of Countersign, or run "countersign audit verify" of a copy of your own:

    sha256sum verify.mjs

Exit code 0: valid. 1: tampered. 2: incomplete; something that was to be checked could not be. 3: used wrongly.
Keep the file "checkpoint": it is what you give to --since next time${since === null ? '' : ` (this time it was of size ${since})`}.

What is in it
-------------
manifest.json       what is here, with the SHA-256 of each file; nobody signs it, and the verifier does not trust it
checkpoint          the log's head: a C2SP signed note, with the cosignatures of witnesses
consistency.json    that this checkpoint continues your last one (where that was named)
proofs/range.json   what joins the entries to the checkpoint's root (in a pack of a range)
proofs/checkpoints.json
                    earlier checkpoints, which show where entries part from what was signed (in a pack of a range)
entries.jsonl       the entries: the exact bytes that were hashed, one a line
leaves.jsonl        for each its place, leaf hash and the database's query columns; in a pack of a change also its proof
ocsf.jsonl          the same as OCSF 1.5 API Activity (class 6003), for a SIEM
entries.csv         the same for a spreadsheet
report.html         the same to read and to print
verify.mjs          the verifier: one file, nothing but Node.js

The renderings (ocsf.jsonl, entries.csv, report.html) are made again by the verifier and compared.

What is not proven
------------------
${notProven.map((line) => `* ${line}`).join('\n')}
`;
}
