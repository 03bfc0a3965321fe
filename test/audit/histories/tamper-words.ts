import type { EntryBody } from '../../../domain/entry.ts';
import type { Json, JsonObject } from '../../../domain/json.ts';
import {
  decisions,
  edit,
  signSubmission,
  members,
  people,
  person,
  rename,
  said,
  shift,
  shifted,
  stops,
  words,
} from './edits.ts';
import type { Tampering } from './edits.ts';

/** Tampering of what people said. */
export const wordTamperings: Readonly<Record<string, Tampering>> = {
  'moves a decision to somebody else': said(decisions, (statement, random, body) => {
    rename(body, statement, random.pick(people));
  }),
  'puts another actor on a word': edit(
    [...decisions, ...words, ...stops, 'review.signed', 'change.requested'],
    (body, random) => {
      body['actor'] = {
        ...(body['actor'] as JsonObject),
        [random.pick(['subject', 'issuer', 'name'])]: random.pick(people),
      };
    },
  ),
  'takes or gives groups': said([...decisions, 'review.signed'], (statement, random) => {
    person(statement)['groups'] = random.some(['operations', 'security', 'board']);
  }),
  'takes or gives roles': said(
    [...decisions, ...words, ...stops, 'review.signed', 'decision.withdrawn', 'change.refused'],
    (statement, random) => {
      person(statement)['roles'] = random.some(['requester', 'approver', 'operator', 'admin', 'auditor']);
    },
  ),
  'changes the login': said(decisions, (statement, random) => {
    person(statement)['authentication'] = {
      methods: random.pick([[], ['pwd'], ['mfa'], ['via:slack'], ['via:jira']]),
      at: random.chance(0.5) ? null : shifted(statement['at'], shift(random)),
    };
  }),
  'changes what the directory said': said(decisions, (statement, random) => {
    const listed = (statement['directory'] ?? []) as unknown as JsonObject[];
    statement['directory'] = listed.map((one) => ({
      ...one,
      groups: random.some(['operations', 'security', 'board']),
    }));
  }),
  'changes a comment': said([...decisions, ...words], (statement, random) => {
    statement['comment'] = random.pick(['', ' ', 'otherwise']);
  }),
  'turns a reject into an approval, or back': edit(decisions, (body) => {
    const isApproved = body['type'] === 'decision.approved';
    body['type'] = isApproved ? 'decision.rejected' : 'decision.approved';
    const statement = body['statement'] as Record<string, Json>;
    statement['action'] = isApproved ? 'reject' : 'approve';
  }),
  'tells a reject as an approval': edit(decisions, (body) => {
    body['type'] = body['type'] === 'decision.approved' ? 'decision.rejected' : 'decision.approved';
  }),
  'takes what a person said away': edit(
    [
      ...[...decisions, ...words, ...stops, 'change.requested', 'review.signed', 'decision.withdrawn'],
      'change.refused',
    ],
    (body) => {
      delete body['statement'];
      delete body['signature'];
    },
  ),
  'dates a decision otherwise': edit([...decisions, 'decision.withdrawn'], (body, random) => {
    const ms = shift(random);
    body['time'] = shifted(body['time'], ms);
    if (random.chance(0.5))
      (body['statement'] as Record<string, Json>)['at'] = shifted(
        (body['statement'] as JsonObject)['at'],
        ms,
      );
  }),
  'dates what a person said otherwise': said(
    [...decisions, ...words, ...stops, 'change.requested', 'decision.withdrawn', 'review.signed'],
    (statement, random) => {
      statement['at'] = shifted(statement['at'], shift(random));
    },
  ),
  'names another requester': said(['change.requested'], (statement, random, body) => {
    rename(body, statement, random.pick(people));
  }),
  'has somebody else review': said(['review.signed'], (statement, random, body) => {
    rename(body, statement, random.pick(people));
  }),
  'counts words otherwise': edit(stops, (body, random) => {
    const stop = body['stop'] as JsonObject;
    body['stop'] = { ...stop, ordinal: Number(stop['ordinal']) + random.pick([-1, 1]) };
  }),
  'takes a call for under way, or not': edit(stops, (body, random) => {
    body['stop'] = { ...(body['stop'] as JsonObject), callUnderWay: random.pick([null, 1, 2]) };
  }),
  'brings a word again': (entries, random) => {
    const places = entries.flatMap(({ type }, i) =>
      /^(stop|decision\.(app|rej|with)|change\.(paused|resumed))/.test(type) ? [i] : [],
    );
    if (places.length === 0) return false;
    const at = random.pick(places);
    entries.splice(random.between(at + 1, entries.length + 1), 0, entries[at] as EntryBody);
    return true;
  },
  'stops a change before its call was sent': (entries, random) => {
    const stopped = new Set(entries.flatMap(({ type, changeId }) => (/^stop/.test(type) ? [changeId] : [])));
    const places = entries.flatMap(({ type, changeId }, i) =>
      type === 'attempt.started' && !stopped.has(changeId) ? [i] : [],
    );
    if (places.length === 0) return false;
    const at = random.pick(places);
    entries.splice(at + 1, 0, stopWord(members(entries[at] as EntryBody), 'execution', 'abandon'));
    return true;
  },
  'withdraws after a call': (entries, random) => {
    const stopped = new Set(entries.flatMap(({ type, changeId }) => (/^stop/.test(type) ? [changeId] : [])));
    const places = entries.flatMap(({ type, changeId }, i) =>
      type === 'attempt.unknown' && !stopped.has(changeId) ? [i] : [],
    );
    if (places.length === 0) return false;
    const at = random.pick(places);
    entries.splice(at + 1, 0, stopWord(members(entries[at] as EntryBody), 'withdrawal', 'withdraw'));
    return true;
  },
  'asks again': (entries, random) => {
    const place = entries.findIndex(({ type }) => type === 'change.requested');
    if (place < 0) return false;
    entries.splice(random.between(place + 1, entries.length + 1), 0, entries[place] as EntryBody);
    return true;
  },
  'asks for the same in another change': (entries, random) => {
    const places = entries.flatMap(({ type, statement }, i) =>
      type === 'change.requested' && statement != null ? [i] : [],
    );
    if (places.length === 0) return false;
    const place = random.pick(places);
    const changeId = random.uuid();
    const asked = structuredClone(members(entries[place] as EntryBody));
    asked['changeId'] = changeId;
    asked['statement'] = { ...(asked['statement'] as JsonObject), changeId };
    entries.splice(random.between(place + 1, entries.length + 1), 0, asked as unknown as EntryBody);
    return true;
  },
  'breaks the glass, and has what was asked for signed': edit(
    ['change.requested'],
    (body, random, entries) => {
      const statement = body['statement'] as Record<string, Json> | undefined;
      if (statement == null) return;
      body['breakGlass'] = true;
      body['justification'] = random.pick(['outage', 'line 4', 'no reason', body['justification'] ?? '']);
      if (random.chance(0.5)) person(statement)['groups'] = random.some(['operations', 'security', 'board']);
      signSubmission(body, entries);
    },
  ),
  'reviews what owes nothing': (entries, random) => {
    const places = entries.flatMap(({ type }, i) => (type === 'change.closed' ? [i] : []));
    if (places.length === 0) return false;
    const at = random.pick(places);
    const closed = members(entries[at] as EntryBody);
    const { changeId, operation, target, ticket, policy, digest, round, time } = closed;
    const by = { issuer: 'https://id.example', subject: 'dave', name: 'dave' };
    const authentication = { methods: ['pwd'], at: null };
    const reviewer = { ...by, roles: ['auditor'], groups: [], authentication };
    const said = { v: 1, kind: 'review', action: 'sign', comment: '', changeId, digest, round, at: time };
    const signature = { keyId: 'k', value: '' };
    const asked = { operation, target, ticket, policy, digest, round };
    const review = { v: 1, type: 'review.signed', time, changeId, actor: by, ...asked, signature };
    const body = { ...review, statement: { ...said, person: reviewer } };
    entries.splice(at + 1, 0, body as unknown as EntryBody);
    return true;
  },
  'breaks the glass again': (entries, random) => {
    const place = entries.findIndex(
      (body) => body['breakGlass'] === true && body['statement'] != null && body.type === 'change.requested',
    );
    if (place < 0) return false;
    const changeId = random.uuid();
    const asked = structuredClone(members(entries[place] as EntryBody));
    asked['changeId'] = changeId;
    asked['statement'] = { ...(asked['statement'] as JsonObject), changeId };
    entries.splice(
      random.between(place + 1, Math.min(place + 6, entries.length + 1)),
      0,
      asked as unknown as EntryBody,
    );
    return true;
  },
};

/** An operator's word to stop a change, right after one of its entries. */
function stopWord(like: Record<string, Json>, kind: string, action: string): EntryBody {
  const { changeId = null, operation = null, target = null, ticket = null } = like;
  const { policy = null, digest = null, round = null, time = null } = like;
  const by = { issuer: 'https://id.example', subject: 'olga', name: 'olga' };
  const person = { ...by, roles: ['operator'], groups: [], authentication: { methods: ['pwd'], at: null } };
  const said = { v: 1, kind, action, comment: '', changeId, digest: null, round, at: time };
  const body = {
    ...{ v: 1, type: 'stop.requested', time, changeId, operation, target, ticket, policy, digest, round },
    ...{ actor: by, statement: { ...said, person }, signature: { keyId: 'k', value: '' } },
    stop: { ordinal: 1, word: action, callUnderWay: null },
  };
  return body as unknown as EntryBody;
}
