import { describe, expect, test } from 'vitest';
import { eventsIn } from '../../audit/reconcile/trail-event.ts';
import { collectAttempts } from '../../audit/reconcile/logged-attempts.ts';
import { packSpan } from '../../audit/reconcile/pack-span.ts';
import { reconcile } from '../../audit/reconcile/reconcile.ts';
import type { Comparison } from '../../audit/reconcile/reconcile.ts';
import {
  reconciliationLines,
  reconciliationOf,
  reconciliationSchema,
} from '../../audit/reconcile/reconciliation.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { gatedCalls } from '../../cli/audit-reconcile.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { changeStory } from './change-story.ts';
import { eventOf, sessionOf, trailEvent } from './trail-fixture.ts';

const calls = gatedCalls(bundledOperations);

test('the target of a call, from its parameters; null where they name none, or the definition is not ready for them', () => {
  const parameters = { MqttInstanceId: 'i', CaSn: 'ca', DeviceSn: 'd/1' };
  const device = calls.find(({ eventName }) => eventName === 'ActiveDeviceCertificate');
  expect(device?.targetOf({ parameters, region: 'cn-hangzhou' })).toBe('cn-hangzhou/i/ca/device/d%2F1');
  expect(device?.targetOf({ parameters: { CaSn: 7 }, region: '' })).toBeNull();
  const input = () => {
    throw new Error('not ready');
  };
  const trail = { serviceName: 'S', eventName: 'E', input };
  const [unready] = gatedCalls(bundledOperations.map((operation) => ({ ...operation, trail })));
  expect(unready?.targetOf({ parameters, region: '' })).toBeNull();
});
const hour = (from: string, to: string) => ({
  from: Date.parse(`2026-11-24T${from}:00Z`),
  to: Date.parse(`2026-11-24T${to}:00Z`),
});
/** A change of two attempts, one failed, one succeeded, between 1:00 and 1:01. */
const story = changeStory({ began: '2026-11-24T01:00:00.000Z', sn: 'SN-1' });
const before = [story.requested(), story.prechecked(), story.approved(), story.scheduled()];
const ends = [story.started(1), story.ended('failed', 1), story.started(2), story.ended('succeeded', 2)];
const [started1, failed, , succeeded] = ends as [EntryBody, EntryBody, EntryBody, EntryBody];
const bodies = [...before, ...ends, story.closed()];
const honest = [eventOf(failed), eventOf(succeeded)];
const time = succeeded.time.replace(/\.\d+Z$/, 'Z');

function compare(
  events: readonly object[],
  more: Partial<Comparison> & { readonly bodies?: readonly EntryBody[] } = {},
) {
  const attempts = collectAttempts();
  for (const body of more.bodies ?? bodies) attempts.add(body);
  const whole = hour('00:30', '02:00');
  const { trail = whole, log = whole, principals = [] } = more;
  const comparison = reconcile({ calls, principals, trail, log, attempts: attempts.list() });
  for (const event of events) {
    for (const one of eventsIn(Buffer.from(JSON.stringify(event)))) comparison.event(one);
  }
  const compared = comparison.end();
  const sources = {
    ...{ paths: ['trail.json'], trail, log, principals, name: 'log', source: 'pack' as const },
    isTrailSpanGiven: true,
  };
  const result = reconciliationOf(sources, compared);
  // Whatever comes out is of the schema, and reads.
  expect(reconciliationSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  expect(reconciliationLines(result).join('\n')).toContain(result.result.toUpperCase());
  return result;
}

const kindsOf = (result: ReturnType<typeof compare>) => result.differences.map(({ kind }) => kind);

test('an honest run reconciles', () => {
  const reads = [
    trailEvent({ eventName: 'GetCaCertificate' }),
    trailEvent({ serviceName: 'Sts', eventName: 'AssumeRole' }),
  ];
  const result = compare([...reads, ...honest]);
  expect(result).toMatchObject({
    result: 'reconciled',
    trail: { events: 4 },
    calls: { gated: 2, matched: 2, explained: 0, repeated: 0, notJudged: 0, outside: 0 },
    attempts: { answered: 2, unanswered: 0, notJudged: 0 },
    principals: { 'ram-user, countersign-worker, account 159498693826, key LTAI-worker': 2 },
    differences: [],
  });
});

test('in any order, delivered twice, and with the session of its change', () => {
  const userIdentity = sessionOf(story.changeId);
  const events = [succeeded, failed, failed].map((end) => eventOf(end, { userIdentity }));
  expect(compare(events, { principals: ['countersign-worker'] })).toMatchObject({
    result: 'reconciled',
    calls: { matched: 2, repeated: 1 },
    principals: { 'assumed-role, countersign-worker, account 159498693826': 2 },
  });
});

describe('what differs is named', () => {
  const mallory = { type: 'ram-user', userName: 'mallory', accessKeyId: 'LTAI-mallory' };
  const other = changeStory({ sn: 'SN-1' });
  const cases: [
    string,
    string[],
    readonly object[],
    (Partial<Comparison> & { readonly bodies?: readonly EntryBody[] })?,
  ][] = [
    [
      'a call past the product with another key',
      ['call_not_logged'],
      [...honest, trailEvent({ requestId: 'M', eventTime: time, userIdentity: mallory })],
    ],
    [
      'a call with the worker’s own key that no attempt made, on another target',
      ['call_not_logged'],
      [
        ...honest,
        trailEvent({ requestId: 'M', eventTime: time, requestParameters: { MqttInstanceId: 'i', Sn: 'x' } }),
      ],
    ],
    [
      'an attempt deleted from the log',
      ['call_not_logged'],
      honest,
      { bodies: bodies.filter((b) => b !== succeeded && b !== ends[2]) },
    ],
    ['an event that the trail lacks', ['event_missing'], [eventOf(failed)]],
    [
      'a call by somebody else than was named',
      ['other_principal', 'other_principal'],
      honest,
      { principals: ['another-worker'] },
    ],
    [
      'a call in the session of another change',
      ['other_change'],
      [eventOf(failed), eventOf(succeeded, { userIdentity: sessionOf(other.changeId) })],
    ],
    [
      'a RequestId twice',
      ['duplicate_request_id'],
      [...honest, eventOf(succeeded, { eventId: 'another', eventTime: time, userIdentity: mallory })],
    ],
    [
      'two attempts of one RequestId',
      ['duplicate_request_id', 'event_missing'].slice(0, 1),
      honest,
      {
        bodies: [
          ...bodies,
          story.started(3),
          { ...succeeded, attempt: { ...(succeeded.attempt as object), ordinal: 3 } },
        ],
      },
    ],
    [
      'a call for another target than the log says',
      ['other_target'],
      [
        eventOf(failed),
        eventOf(succeeded, { requestParameters: { MqttInstanceId: 'post-cn-test00001', Sn: 'SN-2' } }),
      ],
    ],
    [
      'a call of another operation than the log says',
      ['other_operation'],
      [eventOf(failed), eventOf(succeeded, { eventName: 'InactivateCaCertificate' })],
    ],
    [
      'a call that succeeded where the log says that it failed',
      ['other_outcome'],
      [eventOf(failed, { errorCode: '' }), eventOf(succeeded)],
    ],
    [
      'a call at quite another time',
      ['other_time'],
      [eventOf(failed), eventOf(succeeded, { eventTime: '2026-11-24T01:30:00Z' })],
    ],
  ];
  test.each(cases)('%s', (_name, kinds, events, more) => {
    const result = compare(events, more);
    expect(kindsOf(result)).toEqual(kinds);
    expect(result.result).toBe('differs');
  });

  test('with who made it, from where and for what', () => {
    const events = [...honest, trailEvent({ requestId: 'M', eventTime: time, userIdentity: mallory })];
    expect(compare(events).differences).toEqual([
      {
        kind: 'call_not_logged',
        message: 'no attempt of the log is this call, for cn-hangzhou/post-cn-test00001/SN-1',
        time: time.replace('Z', '.000Z'),
        call: 'ActiveCaCertificate',
        requestId: 'M',
        principal: 'ram-user, mallory, key LTAI-mallory',
        sourceIpAddress: '192.168.0.7',
        changeId: null,
        attempt: null,
      },
    ]);
  });

  test('a call of this name of another service makes it incomplete, and no more', () => {
    const result = compare([...honest, trailEvent({ requestId: 'M', eventTime: time, serviceName: 'Mq' })]);
    expect([result.result, kindsOf(result)]).toEqual(['incomplete', ['other_service']]);
    // An attempt’s RequestId is proof enough that it is the one.
    const renamed = [failed, succeeded].map((end) => eventOf(end, { serviceName: 'Mq' }));
    expect(compare(renamed).result).toBe('reconciled');
  });

  test('without a RequestId nothing can be matched', () => {
    const result = compare([...honest, trailEvent({ requestId: '', eventTime: time })]);
    expect([result.result, kindsOf(result)]).toEqual(['incomplete', ['no_request_id']]);
  });
});

describe('an attempt whose answer never came', () => {
  const unknown = {
    ...succeeded,
    type: 'attempt.unknown',
    attempt: { ordinal: 2, class: 'unknown', requestId: null },
  } as EntryBody;
  const lost = [...before, ...ends.slice(0, 3), unknown];

  test('explains one call for its target while it was under way', () => {
    expect(
      compare([eventOf(failed), trailEvent({ requestId: 'X', eventTime: time })], { bodies: lost }),
    ).toMatchObject({
      result: 'reconciled',
      calls: { matched: 1, explained: 1 },
      attempts: { answered: 1, unanswered: 1 },
    });
  });

  test.each<[string, object, object[]]>([
    ['later', { eventTime: '2026-11-24T01:05:00Z' }, []],
    ['for another target', { requestParameters: { MqttInstanceId: 'i', Sn: 's' } }, []],
    ['in another change’s session', { userIdentity: sessionOf(changeStory().changeId) }, []],
    ['a second one', {}, [trailEvent({ requestId: 'Y', eventTime: time })]],
    ['of which nothing says what it was for', { requestParameters: null }, []],
  ])('and no other: %s', (_name, members, more) => {
    const event = trailEvent({ requestId: 'X', eventTime: time, ...members });
    expect(kindsOf(compare([eventOf(failed), event, ...more], { bodies: lost }))).toEqual([
      'call_not_logged',
    ]);
  });

  test('also while the log has no end of it', () => {
    const open = [...before, started1];
    expect(compare([trailEvent({ requestId: 'X', eventTime: time })], { bodies: open })).toMatchObject({
      result: 'reconciled',
      calls: { explained: 1 },
    });
  });

  test('what surely sent nothing explains nothing', () => {
    const unsent = {
      ...unknown,
      type: 'attempt.failed',
      attempt: { ordinal: 2, code: 'not_sent', requestId: null },
    } as EntryBody;
    const result = compare([eventOf(failed), trailEvent({ requestId: 'X', eventTime: time })], {
      bodies: [...before, ...ends.slice(0, 3), unsent],
    });
    expect(kindsOf(result)).toEqual(['call_not_logged']);
  });
});

describe('what is not judged is told', () => {
  test('attempts at a time that the trail does not have: a trail that was cut', () => {
    const cut = compare([], { trail: hour('00:30', '00:59') });
    expect(cut).toMatchObject({ result: 'incomplete', attempts: { notJudged: 2 }, differences: [] });
    expect(kindsOf(compare([], { trail: hour('00:30', '02:00') }))).toEqual([
      'event_missing',
      'event_missing',
    ]);
  });

  test.each<[string, string, Partial<Comparison>]>([
    ['before the log begins', '00:35', { log: hour('00:50', '02:00') }],
    ['after the log’s last entry, or a stale pack', '01:45', { log: hour('00:30', '01:30') }],
    ['past the product, where the log is that of one change', '01:10', { log: null }],
  ])('calls of the period that the log cannot tell of: %s', (_what, at, more) => {
    const event = trailEvent({ requestId: 'E', eventTime: `2026-11-24T${at}:00Z` });
    const result = compare([...honest, event], more);
    expect(result).toMatchObject({ result: 'incomplete', calls: { notJudged: 1 }, differences: [] });
    expect(result.notProven.join('\n')).toContain('Whether an attempt made 1 call');
    // What differs weighs more.
    expect(compare([eventOf(failed), event], more).result).toBe('differs');
  });

  test('calls outside the period are passed over', () => {
    const event = trailEvent({ requestId: 'E', eventTime: '2026-11-24T00:35:00Z' });
    const result = compare([...honest, event], { trail: hour('00:50', '02:00') });
    expect(result).toMatchObject({ result: 'reconciled', calls: { notJudged: 0, outside: 1 } });
    expect(result.notProven.join('\n')).toContain('1 call outside the trail’s time');
  });

  test('a time of which the log tells nothing', () => {
    const [before, after] = [hour('00:00', '00:30'), hour('02:00', '03:00')];
    for (const trail of [before, after])
      expect(compare(honest, { trail })).toMatchObject({ result: 'incomplete', differences: [] });
  });

  test.each([{}, null, 'Sn=SN-1'])('a call whose parameters name no target: %j', (requestParameters) => {
    const result = compare(honest.map((event) => ({ ...event, requestParameters })));
    expect(result.result).toBe('incomplete');
    expect(kindsOf(result)).toEqual(['no_target', 'no_target']);
  });

  test('what was told as not sent, and has an answer, is a call', () => {
    const told = { ...failed, attempt: { ...(failed.attempt as object), code: 'not_sent' } } as EntryBody;
    const result = compare(honest, { bodies: bodies.map((body) => (body === failed ? told : body)) });
    expect(result).toMatchObject({ calls: { matched: 2 } });
  });

  test.each(['throttled', 'permanent'])(
    'an attempt that the cloud’s gateway may have answered: %s',
    (kind) => {
      const refused = { ...failed, attempt: { ...(failed.attempt as object), class: kind } } as EntryBody;
      const result = compare([eventOf(succeeded)], {
        bodies: bodies.map((b) => (b === failed ? refused : b)),
      });
      expect(result).toMatchObject({ result: 'reconciled', attempts: { refusedWithoutEvent: 1 } });
    },
  );

  test('an operation that does not say how the trail tells of it', () => {
    const own = bodies.map((body) => ({ ...body, operation: 'RevokeLicence' }));
    expect(compare([], { bodies: own })).toMatchObject({
      result: 'incomplete',
      attempts: { notComparable: { RevokeLicence: 2 } },
    });
  });

  test('nothing compared is no pass', () => {
    expect(compare([], { bodies: [] }).result).toBe('incomplete');
  });
});

describe('the time of which a pack tells', () => {
  const [first, last, seen] = ['01:00:00', '02:00:00', '08:00:00'].map((at) => `2026-11-24T${at}.000Z`) as [
    string,
    string,
    string,
  ];
  const spanOf = (covers: { from: number; to: number } | null, times: readonly (string | null)[]) => {
    const witnesses = times.map((at) => ({ name: 'w', time: at }));
    const checkpoint = { origin: 'log', size: 9, root: '', witnesses };
    const of =
      covers === null ? { kind: 'change' as const, changeId: 'c' } : { kind: 'range' as const, ...covers };
    const span = packSpan({ covers: of, checkpoint }, first, last);
    return span && [span.from, span.to].map((at) => new Date(at).toISOString().slice(11, 19));
  };

  test.each<[string, { from: number; to: number } | null, (string | null)[], string[] | null]>([
    ['ends with its last entry', { from: 0, to: 9 }, [], ['01:00:00', '01:59:50']],
    [
      'ends when a witness last cosigned: a quiet night',
      { from: 0, to: 9 },
      [seen, last],
      ['01:00:00', '07:59:50'],
    ],
    ['ends with its last entry where the log goes on', { from: 0, to: 8 }, [seen], ['01:00:00', '01:59:50']],
    ['is not longer by a cosignature without a time', { from: 0, to: 9 }, [null], ['01:00:00', '01:59:50']],
    [
      'begins after its first entry where others come before',
      { from: 3, to: 9 },
      [],
      ['01:00:10', '01:59:50'],
    ],
    ['is none where it has one change', null, [seen], null],
  ])('%s', (_what, covers, times, span) => {
    expect(spanOf(covers, times)).toEqual(span);
  });
});
