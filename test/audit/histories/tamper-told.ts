import type { EntryBody } from '../../../domain/entry.ts';
import type { Json, JsonObject } from '../../../domain/json.ts';
import {
  decisions,
  edit,
  ends,
  members,
  person,
  said,
  shifted,
  signSubmission,
  stops,
  words,
} from './edits.ts';
import type { Tampering } from './edits.ts';

/** Tampering of who tells something, and of what a worker tells of its calls. */
export const toldTamperings: Readonly<Record<string, Tampering>> = {
  'asks without the role': edit(['change.requested'], (body, random, entries) => {
    if (body['statement'] == null) return;
    person(body['statement'] as Record<string, Json>)['roles'] = random.some(['approver', 'admin']);
    signSubmission(body, entries);
  }),
  'has nobody say it': said(
    [...decisions, ...words, ...stops, 'review.signed'],
    (statement, random, body) => {
      const issuer = random.pick(['countersign', 'via:slack']);
      const by = person(statement);
      by['issuer'] = issuer;
      if (issuer === 'countersign') by['issuedBy'] = { issuer: 'https://id.example', subject: 'adam' };
      body['actor'] = { ...(body['actor'] as JsonObject), issuer };
    },
  ),
  'says it by a channel': said([...words, ...stops, 'decision.withdrawn'], (statement) => {
    person(statement)['authentication'] = { methods: ['via:slack'], at: null };
  }),
  'has a machine administer': edit(
    ['freeze.declared', 'freeze.lifted', 'token.issued', 'policy.revoked', 'freeze.overridden'],
    (body) => {
      body['actor'] = { ...(body['actor'] as JsonObject), issuer: 'countersign' };
    },
  ),
  'puts another actor on what a process tells': edit(
    ['change.prechecked', 'change.scheduled', 'attempt.started', 'attempt.succeeded', 'change.closed'],
    (body, random) => {
      body['actor'] = random.pick([
        { process: 'signer' },
        { process: 'api' },
        { issuer: 'https://id.example', subject: 'bob', name: 'Bob' },
      ]);
    },
  ),
  'shows something else': edit(decisions, (body, random) => {
    body[random.pick(['input', 'snapshot'])] = { sn: 'another' };
  }),
  'begins before it was approved': edit(['attempt.started'], (body) => {
    body['time'] = shifted(body['time'], -48 * 3_600_000);
  }),
  'tells an answer otherwise': edit(ends, (body, random) => {
    const attempt = body['attempt'] as JsonObject;
    body['attempt'] = {
      ...attempt,
      httpStatus: random.pick([null, 200, 500]),
      requestId: random.pick([null, 'R']),
      code: random.pick(['OK', 'not_sent']),
    };
  }),
  'never answers, and reconciles': (entries, random) => {
    const places = entries.flatMap(({ type }, i) => (type === 'attempt.succeeded' ? [i] : []));
    if (places.length === 0) return false;
    const at = random.pick(places);
    const end = members(entries[at] as EntryBody);
    const { attempt: _, ...rest } = end;
    entries[at] = { ...rest, type: 'change.reconciled', requestId: null } as unknown as EntryBody;
    const closed = entries.findIndex(
      ({ type, changeId }) => type === 'change.closed' && changeId === end['changeId'],
    );
    const { outcome, ...others } = members(entries[closed] ?? ({} as EntryBody));
    if (closed >= 0 && random.chance(0.8)) {
      const shown = { ...(outcome as JsonObject), requestId: null, reconciled: true };
      entries[closed] = { ...others, outcome: shown } as unknown as EntryBody;
    }
    return true;
  },
  'tells another outcome': edit(['change.closed'], (body, random) => {
    const other = random.pick([
      ...[{ code: 'succeeded' }, { code: 'rejected' }, { reconciled: true }, { reconciled: 'no' }],
      ...[{ requestId: null }, { requestId: 'R' }, { at: shifted(body['time'], 366 * 24 * 3_600_000) }],
    ]);
    body['outcome'] = { ...(body['outcome'] as JsonObject), ...other };
  }),
  'schedules something else': edit(['change.scheduled'], (body, random) => {
    const later = shifted(body['time'], 1_200_000);
    const other = random.pick([{ executeAfter: later }, { standard: true }, { breakGlass: true }]);
    Object.assign(body, other);
  }),
  'asks for ten years': edit(['change.requested'], (body, random, entries) => {
    const member = random.pick(['decideBy', 'executeAfter', 'executeBy']);
    body[member] = shifted(body['time'], random.pick([365, 367, 3650]) * 24 * 3_600_000);
    if (body['statement'] != null) signSubmission(body, entries);
  }),
  'issues a token for ten years': edit(['token.issued'], (body, random) => {
    const expiresAt = shifted(body['time'], random.pick([366, 367, 3650]) * 24 * 3_600_000);
    body['token'] = { ...(body['token'] as JsonObject), expiresAt };
  }),
  'answers as another call': (entries, random) => {
    const idOf = ({ attempt }: EntryBody) => (attempt as JsonObject | undefined)?.['requestId'] ?? null;
    const places = entries.flatMap((body, i) => (idOf(body) === null ? [] : [i]));
    const at = random.pick(places.length === 0 ? [0] : places);
    const body = entries[at] as EntryBody;
    const others = places.filter((place) => place < at && entries[place]?.changeId !== body.changeId);
    if (others.length === 0) return false;
    const requestId = idOf(entries[random.pick(others)] as EntryBody);
    entries[at] = { ...body, attempt: { ...(body.attempt as JsonObject), requestId } };
    return true;
  },
  'asks with the key of another change': edit(['change.requested'], (body, random, entries) => {
    const others = entries.flatMap((one) => (one['idempotency'] === null ? [] : (one['idempotency'] ?? [])));
    if (others.length > 0) body['idempotency'] = random.pick(others);
  }),
  'has a policy that asks nobody': (entries, random) => {
    const places = entries.flatMap(({ type }, i) => (type === 'policy.pinned' ? [i] : []));
    if (places.length === 0) return false;
    const at = random.pick(places);
    const { pinnedPolicy, ...others } = members(entries[at] as EntryBody);
    const other = random.pick<JsonObject>([
      ...[{ standard: true }, { standard: false, stages: [] }, { standard: 'no' }],
      ...[{ stages: [{ name: 'nobody', groups: [] }] }, { standard: null }],
    ]);
    const policy = { ...(pinnedPolicy as JsonObject), ...other };
    entries[at] = { ...others, pinnedPolicy: policy } as unknown as EntryBody;
    return true;
  },
  'closes before its answer': edit(['change.closed'], (body, random) => {
    const time = shifted(body['time'], -random.pick([60_000, 3_600_000, 200 * 3_600_000]));
    body['time'] = time;
    body['outcome'] = { ...(body['outcome'] as JsonObject), at: time };
  }),
};
