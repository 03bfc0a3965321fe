import { z } from 'zod';
import { isoTime } from '../../domain/time.ts';
import { counted } from '../pack/counted.ts';
import { resultOfDifference } from './differences.ts';
import type { Difference, DifferenceKind } from './differences.ts';
import type { Compared, Span } from './reconcile.ts';

const moment = z.iso.datetime({ precision: 3 });
const count = z.int().min(0);
const counts = z.record(z.string(), count);
const kinds = Object.keys(resultOfDifference) as [DifferenceKind, ...DifferenceKind[]];

/** What `countersign audit reconcile --json` prints. */
export const reconciliationSchema = z.strictObject({
  result: z.enum(['reconciled', 'differs', 'incomplete']),
  trail: z.strictObject({
    paths: z.array(z.string()),
    events: count,
    from: moment.meta({ description: 'From here on the trail is taken to have every event.' }),
    to: moment.meta({ description: 'Up to here.' }),
  }),
  log: z.strictObject({
    source: z
      .enum(['pack', 'api'])
      .meta({ description: 'A verified evidence pack, or the API, unverified.' }),
    name: z.string().nullable(),
    from: moment.nullable().meta({ description: 'Null: the log has the attempts of one change alone.' }),
    to: moment.nullable(),
  }),
  calls: z.strictObject({
    gated: count,
    matched: count,
    explained: count,
    repeated: count,
    notJudged: count.meta({ description: 'At a time of which the log does not tell everything.' }),
    outside: count.meta({ description: 'Outside the trail’s time.' }),
  }),
  attempts: z.strictObject({
    answered: count,
    unanswered: count,
    notJudged: count,
    refusedWithoutEvent: count,
    notComparable: counts.meta({ description: 'By operation.' }),
  }),
  principals: counts.meta({ description: 'How many of the calls each made.' }),
  differenceCount: count,
  differenceCounts: z.partialRecord(z.enum(kinds), count),
  differences: z.array(
    z.strictObject({
      kind: z.enum(kinds),
      message: z.string(),
      time: moment,
      call: z.string(),
      requestId: z.string().nullable(),
      principal: z.string().nullable(),
      sourceIpAddress: z.string().nullable(),
      changeId: z.string().nullable(),
      attempt: z.int().nullable(),
    }),
  ),
  notProven: z.array(z.string()),
});
/** See {@link reconciliationSchema}. */
export type Reconciliation = z.infer<typeof reconciliationSchema>;

/** What was compared with what. */
export interface Sources {
  readonly paths: readonly string[];
  readonly trail: Span;
  /** Whether the auditor has said from when to when the trail has every event. */
  readonly isTrailSpanGiven: boolean;
  readonly source: 'pack' | 'api';
  readonly name: string | null;
  readonly log: Span | null;
  readonly principals: readonly string[];
}

/** The result of a comparison with everything that it stands on. */
export function reconciliationOf(sources: Sources, compared: Compared): Reconciliation {
  const { paths, trail, source, name, log } = sources;
  const { events, gated, matched, explained, repeated, eventsNotJudged, eventsOutside } = compared;
  const { answered, unanswered, attemptsNotJudged, refusedWithoutEvent, notComparable } = compared;
  return {
    result: compared.result,
    trail: { paths: [...paths], events, from: isoTime(trail.from), to: isoTime(trail.to) },
    log: { source, name, from: log && isoTime(log.from), to: log && isoTime(log.to) },
    calls: { gated, matched, explained, repeated, notJudged: eventsNotJudged, outside: eventsOutside },
    attempts: {
      answered,
      unanswered,
      notJudged: attemptsNotJudged,
      refusedWithoutEvent,
      notComparable: { ...notComparable },
    },
    principals: { ...compared.principals },
    differenceCount: Object.values(compared.counts).reduce((sum, n) => sum + n, 0),
    differenceCounts: { ...compared.counts },
    differences: [...compared.kept],
    notProven: notProven(sources, compared),
  };
}

function notProven({ isTrailSpanGiven, source, log, principals }: Sources, compared: Compared): string[] {
  const { matched, explained, eventsNotJudged, eventsOutside } = compared;
  const { attemptsNotJudged, refusedWithoutEvent, notComparable } = compared;
  const told: [boolean, string][] = [
    [matched + explained === 0, 'Anything: no call was found in both the trail and the log.'],
    [
      true,
      'That the trail has every event of its time: nobody signs its files for this comparison. ActionTrail has checks of its own for what it delivers.',
    ],
    [
      !isTrailSpanGiven,
      'From when to when the trail has every event: taken from its first and last event. Say it with --from and --to; a trail that was cut at an end shows only then.',
    ],
    [
      source === 'api',
      'The log: the API was believed. Give an evidence pack with --pack to have it verified.',
    ],
    [
      log === null,
      'Calls that went past: the pack has the entries of one change alone. Give a pack of the log.',
    ],
    [
      principals.length === 0,
      'Whose calls they were: no principal was named (--principal). See who made them.',
    ],
    [
      eventsNotJudged > 0,
      `Whether an attempt made ${counted(eventsNotJudged, 'call')}: ${log === null ? 'it is none of this change’s' : 'at a time of which the log does not tell everything. Give a newer pack, or one that begins earlier, or say with --from and --to which time you mean'}.`,
    ],
    [eventsOutside > 0, `${counted(eventsOutside, 'call')} outside the trail’s time: passed over.`],
    [
      attemptsNotJudged > 0,
      `${counted(attemptsNotJudged, 'answered attempt')} without an event, at a time of which the trail does not tell everything.`,
    ],
    [
      refusedWithoutEvent > 0,
      `${counted(refusedWithoutEvent, 'attempt')} without an event that the cloud throttled or refused: whether ActionTrail tells of these is not documented.`,
    ],
    ...Object.entries(notComparable).map(([operation, n]): [boolean, string] => [
      true,
      `${counted(n, 'attempt')} of ${operation}: its definition does not say how the trail tells of it.`,
    ]),
  ];
  return told.flatMap(([applies, line]) => (applies ? [line] : []));
}

const headline = {
  reconciled: 'RECONCILED: every call in the trail is an attempt of the log, and the other way round',
  differs: 'DIFFERS',
  incomplete: 'INCOMPLETE: not everything could be compared',
} as const satisfies Record<Reconciliation['result'], string>;

/** A reconciliation to read. */
export function reconciliationLines(r: Reconciliation): string[] {
  const { trail, log, calls, attempts } = r;
  const span = ({ from, to }: { from: string | null; to: string | null }) =>
    from === null || to === null ? 'of one change' : `from ${from} to ${to}`;
  return [
    r.result === 'differs'
      ? `${headline.differs}: ${counted(r.differenceCount, 'difference')}`
      : headline[r.result],
    `trail        ${counted(trail.events, 'event')}, ${span(trail)}; ${counted(calls.gated, 'call')} of gated operations`,
    `log          ${log.name ?? 'as the API tells it'}, ${span(log)}${log.source === 'pack' ? ', verified' : ', not verified'}`,
    `calls        ${calls.matched} matched by RequestId, ${calls.explained} of attempts without an answer, ${calls.repeated} delivered again, ${calls.notJudged} not judged, ${calls.outside} outside the trail’s time`,
    `attempts     ${attempts.answered} with an answer, ${attempts.unanswered} without, ${attempts.notJudged + attempts.refusedWithoutEvent} not judged`,
    ...Object.entries(r.principals).map(([who, n]) => `made by      ${who}: ${counted(n, 'call')}`),
    ...r.differences.map(differenceLine),
    ...(r.differenceCount > r.differences.length
      ? [`  and ${counted(r.differenceCount - r.differences.length, 'more difference')}`]
      : []),
    'not proven',
    ...r.notProven.map((line) => `  ${line}`),
  ];
}

function differenceLine(difference: Difference): string {
  const { kind, message, time, call, requestId, principal, sourceIpAddress, changeId, attempt } = difference;
  const about = [
    call,
    time,
    requestId && `RequestId ${requestId}`,
    principal && `by ${principal}`,
    sourceIpAddress && `from ${sourceIpAddress}`,
    changeId && `change ${changeId}, attempt ${attempt ?? '?'}`,
  ].filter((part) => part !== null);
  return `  ${kind}: ${about.join(', ')}: ${message}`;
}

/** The exit code of a reconciliation: 0 reconciled, 1 differs, 2 incomplete. */
export const exitCodeOfReconciliation = { reconciled: 0, differs: 1, incomplete: 2 } as const;
