import type { EventType } from '../../domain/entry.ts';
import type { Exceptions } from '../exceptions/collect-exceptions.ts';
import { exceptionsByKind } from '../exceptions/exceptions-by-kind.ts';
import { counted, countedEntries } from '../pack/counted.ts';
import type { Coverage } from '../pack/manifest.ts';
import type { Finding } from './finding.ts';
import type { FollowedRotation } from './follow-keys.ts';
import { lengthText } from './judge-freshness.ts';
import type { Freshness } from './judge-freshness.ts';

/** What came of verifying a pack. */
export interface Verdict {
  readonly result: 'valid' | 'tampered' | 'incomplete';
  readonly findings: readonly Finding[];
  /** How many findings there are; only the first hundred are listed. */
  readonly findingCount: number;
  /** What breaks no rule and should be looked at first: twenty of a kind are listed, all are counted. */
  readonly exceptions: Exceptions;
  /** The first entry that is not as it should be, or null where none can be named. */
  readonly firstBadIndex: number | null;
  readonly covers: Coverage | null;
  /** Null where no trusted key signed one. */
  readonly checkpoint: {
    readonly origin: string;
    readonly size: number;
    /** Lower-case hex. */
    readonly root: string;
    /** ISO 8601: by when each trusted witness had seen it. */
    readonly witnesses: readonly { readonly name: string; readonly time: string | null }[];
  } | null;
  /** The checkpoint's age by its witnesses; null without a checkpoint. */
  readonly freshness: Freshness | null;
  readonly checked: {
    readonly entries: number;
    readonly changes: number;
    /** Statements of people whose signature by the API was checked. */
    readonly statements: number;
    /** Entries whose own signature by the API was checked. */
    readonly written: number;
    /** How many entries bear nobody's signature, though a person's word or that of the API should be behind them, by type. */
    readonly unsigned: Readonly<Partial<Record<EventType, number>>>;
    /** Changes that a host workflow has asked for, in the name of somebody who has signed nothing. */
    readonly hostVouched: number;
    /**
     * Entries of an earlier time than one at which a trusted witness had seen the log without them, as after an outage: how many,
     * and the first twenty.
     */
    readonly datedBeforeWitness: { readonly count: number; readonly indexes: readonly number[] };
    /** The size of the auditor's own checkpoint that this one continues; null where none was checked. */
    readonly since: number | null;
    /** How many policies the auditor gave as those that were in force; null for none. */
    readonly policies: number | null;
  };
  /**
   * Keys that were trusted since another key named them, and that the auditor's file does not have: to be compared with what was
   * heard by another way.
   */
  readonly rotations: readonly FollowedRotation[];
  /** Changes that have not closed, the first hundred. */
  readonly openChanges: readonly { readonly changeId: string; readonly openAttempts: readonly number[] }[];
  readonly openChangeCount: number;
  /** SHA-256 of the verifier that the pack carries, lower-case hex, to be compared with the published one. */
  readonly carriedVerifier: string | null;
  /** In words, what was not proven. */
  readonly notProven: readonly string[];
}

/** A verdict to read. */
export function verdictLines(verdict: Verdict): string[] {
  const { result, covers, checkpoint, checked, findings, findingCount, firstBadIndex } = verdict;
  const what =
    covers === null
      ? 'nothing'
      : covers.kind === 'change'
        ? `change ${covers.changeId}`
        : `entries ${covers.from} to ${covers.to - 1}`;
  return [
    `${result.toUpperCase()}: ${what}`,
    ...(firstBadIndex === null ? [] : [`first bad    entry ${firstBadIndex}`]),
    ...findings.map(
      ({ kind, code, index, message }) =>
        `  ${kind}${code === undefined ? '' : ` (${code})`}${index === null ? '' : `, entry ${index}`}: ${message}`,
    ),
    ...(findingCount > findings.length
      ? [`  and ${counted(findingCount - findings.length, 'more finding')}`]
      : []),
    ...exceptionLines(verdict),
    ...(verdict.rotations.length === 0
      ? []
      : ['have these keys confirmed by another way, then put them into your file']),
    ...verdict.rotations.map(rotationLine),
    result === 'valid' ? 'proven' : 'looked at',
    ...(checkpoint === null
      ? ['  checkpoint   none that a trusted key signed']
      : [
          `  checkpoint   ${checkpoint.origin}, size ${checkpoint.size}, root ${checkpoint.root}`,
          ...checkpoint.witnesses.map(
            ({ name, time }) => `  witnessed    by ${name}${time === null ? '' : ` at ${time}`}`,
          ),
        ]),
    ...freshnessLines(verdict.freshness),
    `  checked      ${countedEntries(checked.entries)}, ${counted(checked.changes, 'change')}, ${counted(checked.statements, 'signed statement')}, ${counted(checked.written, 'signed entry', 'signed entries')}${checked.policies === null ? '' : `, under ${checked.policies === 1 ? 'the one policy' : `one of ${checked.policies} policies`} that you gave`}${checked.since === null ? '' : `, continues your checkpoint of size ${checked.since}`}`,
    unsignedLine(checked),
    ...openLines(verdict),
    ...(verdict.carriedVerifier === null
      ? []
      : [`  verify.mjs   SHA-256 ${verdict.carriedVerifier}; compare it with the published one`]),
    'not proven',
    ...verdict.notProven.map((line) => `  ${line}`),
  ];
}

function rotationLine({ index, use, before, after, ends }: FollowedRotation): string {
  const over = ends ? ', which ends here' : '';
  return `  entry ${index}: the ${use} key ${after} follows ${before}${over}; both have signed it`;
}

/** Most exceptions of a kind that are printed; as JSON there are more. */
const mostPrinted = 5;

function exceptionLines({ result, exceptions }: Verdict): string[] {
  const kinds = exceptionsByKind(exceptions, mostPrinted);
  if (kinds.length === 0) return result === 'valid' ? ['nothing to look at first'] : [];
  return [
    result === 'valid' ? 'look at first' : 'look at first, as far as these entries tell',
    ...kinds.flatMap(({ title, lines }) => [`  ${title}`, ...lines.map((line) => `    ${line}`)]),
  ];
}

function openLines({ openChanges, openChangeCount }: Verdict): string[] {
  if (openChangeCount === 0) return [];
  const rest = openChangeCount - openChanges.length;
  return [
    `  open         ${counted(openChangeCount, 'change')} had not closed:`,
    ...openChanges.map(({ changeId, openAttempts }) =>
      openAttempts.length === 0
        ? `    ${changeId}`
        : `    ${changeId} (attempts without an answer: ${openAttempts.join(', ')})`,
    ),
    ...(rest > 0 ? [`    and ${rest} more`] : []),
  ];
}

/** What nobody has signed: entries that somebody's word should be behind, and changes that are a host's word alone. */
function unsignedLine({ unsigned, hostVouched, datedBeforeWitness }: Verdict['checked']): string {
  const types = Object.entries(unsigned).map(([type, count]) => `${count} ${type}`);
  const entries = types.length === 0 ? 'no entry that should be signed' : types.toSorted().join(', ');
  return `  unsigned     ${entries}; ${counted(hostVouched, 'change')} asked for by a host, in another’s name; ${countedEntries(datedBeforeWitness.count)} dated before a cosignature that precedes them`;
}

function freshnessLines(freshness: Freshness | null): string[] {
  if (freshness?.ageSeconds == null) return [];
  const { ageSeconds, at, maxAgeSeconds } = freshness;
  const demand =
    maxAgeSeconds === null ? 'none was demanded' : `at most ${lengthText(maxAgeSeconds * 1000)} was demanded`;
  const age =
    ageSeconds < 0
      ? `none yet at ${at}: its newest cosignature is of ${lengthText(-ageSeconds * 1000)} later`
      : `${lengthText(ageSeconds * 1000)} at ${at}, by its newest cosignature`;
  return [`  age          ${age}; ${demand}`];
}

/** The exit code of a verdict: 0 valid, 1 tampered, 2 incomplete. 3, for wrong use, is the command line's. */
export const exitCodeOf = { valid: 0, tampered: 1, incomplete: 2 } as const;
