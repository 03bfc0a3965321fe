import { describe, expect, test } from 'vitest';
import { collectExceptions } from '../../audit/exceptions/collect-exceptions.ts';
import { isReportedIn } from '../../audit/exceptions/is-reported-in.ts';
import { witnessGaps } from '../../audit/verify/witness-gaps.ts';
import { verdictLines } from '../../audit/verify/verdict.ts';
import type { OpenedCheckpoint } from '../../audit/checkpoint.ts';
import { newEntryBody, personActor, workerActor } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { Json } from '../../domain/json.ts';
import { changeStory, emergency, person, withPolicies } from './change-story.ts';
import { packOf, verifiedText } from './pack-testbed.ts';

function found(bodies: readonly EntryBody[], most = 20) {
  const exceptions = collectExceptions(most);
  bodies.forEach((body, index) => {
    exceptions.add(index, body);
  });
  return exceptions.end();
}

const kinds = (bodies: readonly EntryBody[]) => Object.keys(found(bodies).counts);
const began = '2026-11-24T09:00:00.000Z';
const minute = 60_000;
/** So many minutes after the story's call, which is sent when its attempt begins. */
const after = (call: EntryBody, minutes: number) =>
  new Date(Date.parse(call.time) + minutes * minute).toISOString();

function freeze(type: 'freeze.declared' | 'freeze.lifted', time: string, more: object = {}): EntryBody {
  const freeze = {
    ...{ id: 'f', operation: null, scope: {}, reason: 'sale', startsAt: time, endsAt: null },
    ...more,
  };
  return newEntryBody({ type, time, actor: personActor(person('adam', 'admin')), freeze });
}

/** A change that calls once, with the freeze told before or after the call. */
function calling(options: Parameters<typeof changeStory>[0] = {}) {
  const story = changeStory({ began, ...options });
  const asked = [story.attested(story.requested()), story.prechecked(), story.approved(), story.scheduled()];
  const called = [story.started(1), story.ended('succeeded', 1)];
  const [, answer] = called;
  if (answer === undefined) throw new Error('no call');
  const sentAt = (answer.attempt as { sentAt?: string }).sentAt ?? answer.time;
  return { story, asked, called, sent: { ...answer, time: sentAt } };
}

describe('a call near a freeze', () => {
  const { story, asked, called, sent } = calling();
  const all = (...freezes: EntryBody[]) => [...asked, ...freezes, ...called, story.closed()];

  test.each([
    ['that begins in 14 minutes', { startsAt: after(sent, 14) }, true],
    ['that begins in 16 minutes', { startsAt: after(sent, 16) }, false],
    ['that ended 14 minutes ago', { startsAt: after(sent, -60), endsAt: after(sent, -14) }, true],
    ['that ended 16 minutes ago', { startsAt: after(sent, -60), endsAt: after(sent, -16) }, false],
    ['of another operation', { startsAt: after(sent, 14), operation: 'Delete*' }, false],
    ['of another region', { startsAt: after(sent, 14), scope: { regionId: 'nowhere' } }, false],
  ])('%s', (_, times, isNear) => {
    expect(kinds(all(freeze('freeze.declared', after(sent, -90), times))).includes('near_freeze')).toBe(
      isNear,
    );
  });

  test('that was declared shortly after it', () => {
    const declared = (minutes: number) => [...all(), freeze('freeze.declared', after(sent, minutes))];
    expect(kinds(declared(5))).toContain('near_freeze');
    expect(kinds(declared(20))).not.toContain('near_freeze');
  });

  test('that was lifted shortly before it, and says which and how long before', () => {
    const lifted = all(
      freeze('freeze.declared', after(sent, -600)),
      freeze('freeze.lifted', after(sent, -4)),
    );
    expect(found(lifted).listed.find(({ kind }) => kind === 'near_freeze')).toMatchObject({
      changeId: story.changeId,
      message: expect.stringContaining('4 minutes after freeze f (sale)') as string,
    });
  });

  test('of the calendar file, told once however often it is loaded', () => {
    const loaded = { ...freeze('freeze.declared', after(sent, -90)), type: 'calendar.loaded' } as EntryBody;
    const file = {
      ...loaded,
      freezes: [{ ...(loaded.freeze as object), startsAt: after(sent, 3) }],
    } as EntryBody;
    expect(found(all(file, file)).counts.near_freeze).toBe(1);
  });

  test('a freeze that is none breaks nothing', () => {
    const forged = { ...freeze('freeze.declared', after(sent, -90)), freeze: 7 } as EntryBody;
    expect(kinds(all(forged))).not.toContain('near_freeze');
  });
});

describe('a freeze of the calendar file', () => {
  const held = { id: 'sale', operation: null, scope: {}, reason: 'sale', startsAt: began, endsAt: null };
  const hours = (count: number) => new Date(Date.parse(began) + count * 60 * minute).toISOString();
  const loaded = (freezes: Json, time = hours(1)) =>
    newEntryBody({ type: 'calendar.loaded', time, actor: workerActor, freezes });
  const messages = (...lists: Json[]) =>
    found(lists.map((list) => loaded(list)))
      .listed.filter(({ kind }) => kind === 'calendar_changed')
      .map(({ index, message }) => `${index}: ${message}`);

  test.each<[string, Json]>([
    ['is gone', []],
    ['ends sooner', [{ ...held, endsAt: hours(2) }]],
    ['begins later', [{ ...held, startsAt: hours(2) }]],
    ['holds something else', [{ ...held, scope: { regionId: 'x' } }]],
    ['is one no more', [7]],
  ])('%s, and had not ended', (_what, list) => {
    expect(messages([held], list)).toEqual([expect.stringContaining('1: freeze sale (sale) had not ended')]);
  });

  test.each<[string, Json, Json]>([
    ['stands as before', held, [held]],
    ['holds longer', { ...held, endsAt: hours(2) }, [held]],
    ['has ended and is gone', { ...held, endsAt: hours(1) }, []],
    ['began some time ago, and is told with a later beginning', held, [{ ...held, startsAt: hours(0.5) }]],
  ])('%s', (_what, before, list) => {
    expect(messages([before], list)).toEqual([]);
  });

  test('is lost behind a list that no entry holds, and looked for in the next one', () => {
    expect(messages([held], null, [])).toEqual([
      expect.stringContaining('1: what freezes'),
      expect.stringContaining('2: freeze sale'),
    ]);
  });

  test('is told of in the pack of a change whose context has the files', () => {
    expect(isReportedIn({ kind: 'change', changeId: 'c' }, loaded([]))).toBe(true);
  });
});

describe('break-glass', () => {
  const reviewOf = (bodies: readonly EntryBody[]) =>
    found(bodies).listed.find(({ kind }) => kind === 'break_glass')?.message;
  const { story, asked, called } = calling({ breakGlass: true });
  test('says what became of its review', () => {
    expect(reviewOf(asked.slice(0, 2))).toContain('it has not ended');
    expect(reviewOf([...asked, ...called, story.closed()])).toContain('its review is owed');
    expect(reviewOf([...asked, story.closed('approved', 'cancelled')])).toContain('without a call');
  });
});

test('of a kind so many are listed, and all are counted', () => {
  const unsigned = Array.from({ length: 5 }, () => changeStory({ began }).unsigned());
  const { counts, listed } = found(unsigned, 3);
  expect(counts).toEqual({ unsigned_request: 5 });
  expect(listed).toHaveLength(3);
});

test('the pack of a change reports what is its own, and what became of the log', () => {
  const { story } = calling();
  const covers = { kind: 'change', changeId: story.changeId } as const;
  const rotated = newEntryBody({ type: 'key.rotated', time: began, actor: { process: 'signer' } });
  expect(isReportedIn(covers, story.requested())).toBe(true);
  expect(isReportedIn(covers, changeStory({ began }).requested())).toBe(false);
  expect(isReportedIn(covers, freeze('freeze.declared', began))).toBe(false);
  expect(isReportedIn(covers, rotated)).toBe(true);
  expect(isReportedIn({ kind: 'range', from: 0, to: 9 }, freeze('freeze.declared', began))).toBe(true);
});

describe('a verdict', () => {
  test('names what to look at first right below the first line, and what was proven and not below that', async () => {
    const { story, asked, called } = calling({ policy: emergency, breakGlass: true });
    const verdict = await verifiedText(await packOf(withPolicies([...asked, ...called, story.closed()])));
    expect(verdict.exceptions.counts).toMatchObject({ break_glass: 1, policy_pinned: 1 });
    const lines = verdictLines(verdict);
    const places = ['look at first', '  break glass', 'proven', 'not proven'].map((line) =>
      lines.indexOf(line),
    );
    expect(places[0]).toBe(1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });
});

describe('gaps between cosignatures', () => {
  const seen = (size: number, hours: number | null) =>
    ({ size, cosignatures: [{ time: hours === null ? null : hours * 3600 }] }) as unknown as OpenedCheckpoint;
  const gaps = (to: number, ...checkpoints: OpenedCheckpoint[]) =>
    witnessGaps(checkpoints, { from: 0, to }).map(({ index }) => index);

  test('are longer than a day, and had entries', () => {
    const hourly = Array.from({ length: 40 }, (_, n) => seen(n + 1, n));
    expect(gaps(50, ...hourly, seen(50, 39 + 23))).toEqual([]);
    expect(gaps(50, ...hourly, seen(50, 39 + 25))).toEqual([40]);
    expect(gaps(50, ...hourly, seen(40, 39 + 99))).toEqual([]);
  });

  test('are not what lies between the few checkpoints that a large pack carries', () => {
    const ofStretches = Array.from({ length: 256 }, (_, n) => seen((n + 1) * 800, n * 34));
    expect(gaps(204_800, ...ofStretches)).toEqual([]);
    const without = ofStretches.filter((_, n) => n !== 99 && n !== 100);
    expect(gaps(204_800, ...without)).toEqual([99 * 800]);
    // In the last tile there is every checkpoint.
    expect(gaps(204_900, ...ofStretches, seen(204_810, 9000))).toEqual([204_800]);
  });

  test('cannot be told without a time', () => {
    expect(gaps(9, seen(1, 0), seen(2, null), seen(3, 30))).toEqual([1]);
    expect(gaps(9, seen(1, null), seen(9, null))).toEqual([]);
  });
});

describe('one RequestId in the answers to two changes', () => {
  /** A change of an operation that calls once, and is answered so. */
  const answered = (operation: string, requestId: string | null) => {
    const { story, asked, called } = calling({ operation });
    const [started, ended] = called as [EntryBody, EntryBody];
    const answer = { ...ended, attempt: { ...(ended.attempt as object), requestId } } as EntryBody;
    return { id: story.changeId, entries: [...asked, started, answer, story.closed()], answer };
  };
  const repeated = (...all: readonly { readonly entries: readonly EntryBody[] }[]) =>
    found(all.flatMap(({ entries }) => entries)).listed.filter(({ kind }) => kind === 'request_id_repeated');

  test('of an operation that is no bundled one, with both changes', () => {
    const [one, two] = [answered('RevokeLicence', 'R'), answered('RevokeLicence', 'R')];
    expect(repeated(one, two)).toEqual([
      {
        kind: 'request_id_repeated',
        time: two.answer.time,
        changeId: two.id,
        index: one.entries.length + two.entries.indexOf(two.answer),
        message: `RequestId R of RevokeLicence stands in an answer to change ${one.id}, too`,
      },
    ]);
  });

  test.each<[string, string, string, string]>([
    ['of two operations, which may have services of their own', 'RevokeLicence', 'GrantLicence', 'R'],
    ['that is empty', 'RevokeLicence', 'RevokeLicence', ''],
    ['of bundled ones: that is a finding', 'ActiveCaCertificate', 'ActiveCaCertificate', 'R'],
  ])('and none %s', (_what, one, two, requestId) => {
    expect(repeated(answered(one, requestId), answered(two, requestId))).toEqual([]);
  });

  test('and none of one change, whose service may repeat its answer', () => {
    const one = answered('RevokeLicence', 'R');
    expect(
      repeated({ entries: [...one.entries.slice(0, -1), one.answer, ...one.entries.slice(-1)] }),
    ).toEqual([]);
  });

  test('is in a valid verdict and in the report', async () => {
    const stories = [answered('RevokeLicence', 'R'), answered('RevokeLicence', 'R')];
    const verdict = await verifiedText(await packOf(stories.flatMap(({ entries }) => entries)));
    expect(verdict.findings.filter(({ code }) => code === 'request_id_repeated')).toEqual([]);
    expect(verdict.exceptions.counts.request_id_repeated).toBe(1);
    expect(verdictLines(verdict).join('\n')).toContain('request id repeated');
  });
});
