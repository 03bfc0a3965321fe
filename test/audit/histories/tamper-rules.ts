import type { EntryBody } from '../../../domain/entry.ts';
import type { JsonObject } from '../../../domain/json.ts';
import { edit, people, shifted, signSubmission } from './edits.ts';
import type { Tampering } from './edits.ts';

/** Tampering of freezes, policies, tokens and tickets. */
export const ruleTamperings: Readonly<Record<string, Tampering>> = {
  'asks for another target than the input’s': edit(['change.requested'], (body, random, entries) => {
    const sn = random.pick(['other', 'a/b', 'ü ', '{sn}']);
    const part = random.pick(['input', 'more input', 'scope', 'label', 'target']);
    if (part === 'input') body['input'] = { ...(body['input'] as JsonObject), sn };
    else if (part === 'more input') body['input'] = { ...(body['input'] as JsonObject), caSn: sn };
    else if (part === 'scope') body['scope'] = { ...(body['scope'] as JsonObject), sn };
    else body[part] = `${body[part] as string}${sn}`;
    if (body['statement'] != null) signSubmission(body, entries);
  }),
  'gives an admin’s act to somebody else': edit(
    ['freeze.declared', 'freeze.lifted', 'policy.revoked', 'token.issued', 'token.revoked'],
    (body) => {
      body['actor'] = { ...(body['actor'] as JsonObject), subject: 'eve', name: 'eve', roles: ['operator'] };
    },
  ),
  'turns a freeze elsewhere': edit(['freeze.declared', 'calendar.loaded'], (body, random) => {
    const turned = {
      operation: random.pick([null, 'Active*', 'x']),
      scope: random.pick([{}, { sn: 'SN-*' }, { sn: 'x' }]),
    };
    const times = random.chance(0.5)
      ? {
          startsAt: shifted(body['time'], -3_600_000),
          endsAt: random.pick([null, shifted(body['time'], 7_200_000)]),
        }
      : {};
    const freeze = body['freeze'] as JsonObject | undefined;
    if (freeze) body['freeze'] = { ...freeze, ...turned, ...times };
    else
      body['freezes'] = [
        { id: 'sale', reason: 'sale', startsAt: body['time'] ?? null, endsAt: null, ...turned, ...times },
      ];
  }),
  'declares a freeze': (entries, random) => {
    const like = entries[random.between(0, entries.length)] as EntryBody;
    const freeze = {
      id: random.uuid(),
      operation: null,
      scope: {},
      startsAt: shifted(like.time, -1000),
      endsAt: random.pick([null, shifted(like.time, 3_600_000)]),
      reason: 'sale',
    };
    const actor = {
      issuer: 'https://id.example',
      subject: 'adam',
      name: 'adam',
      roles: ['admin'],
      groups: [],
      authentication: { methods: [], at: null },
    };
    const body = {
      v: 1,
      type: 'freeze.declared',
      time: like.time,
      changeId: null,
      operation: null,
      target: null,
      actor,
      freeze,
    };
    entries.splice(entries.indexOf(like) + 1, 0, body as unknown as EntryBody);
    return true;
  },
  'revokes a policy': (entries, random) => {
    const like = entries[random.between(0, entries.length)] as EntryBody;
    if (like['policy'] == null) return false;
    const actor = {
      issuer: 'https://id.example',
      subject: 'adam',
      name: 'adam',
      roles: ['admin'],
      groups: [],
      authentication: { methods: [], at: null },
    };
    const body = {
      v: 1,
      type: 'policy.revoked',
      time: like.time,
      changeId: null,
      operation: null,
      target: null,
      actor,
      policy: like['policy'],
      comment: '',
    };
    entries.splice(entries.indexOf(like) + 1, 0, body as unknown as EntryBody);
    return true;
  },
  'loads another calendar': (entries, random) => {
    const like = entries[random.between(0, entries.length)] as EntryBody;
    const freeze = {
      id: 'sale',
      operation: null,
      scope: {},
      startsAt: shifted(like.time, -86_400_000),
      endsAt: null,
      reason: 'sale',
    };
    for (const hours of random.pick([[-9], [-9, -3], [-9, -1], [-9, -2, -1]])) {
      const body = {
        v: 1,
        type: 'calendar.loaded',
        time: shifted(like.time, hours * 3_600_000),
        changeId: null,
        operation: null,
        target: null,
        actor: { process: 'worker' },
        sha256: null,
        freezes: random.chance(0.6) ? [freeze] : [],
      };
      entries.splice(Math.max(0, entries.indexOf(like)), 0, body as unknown as EntryBody);
    }
    return true;
  },
  'has somebody else override a freeze': edit(['freeze.overridden'], (body, random) => {
    const subject = random.pick(people);
    body['actor'] = {
      ...(body['actor'] as JsonObject),
      subject,
      name: subject,
      roles: random.pick([['approver'], []]),
      groups: random.some(['operations', 'security', 'board']),
    };
    body['directory'] = random.some(['operations', 'security', 'board']);
  }),
  'overrides another freeze': edit(['freeze.overridden'], (body, random) => {
    body['freeze'] = { ...(body['freeze'] as JsonObject), id: random.uuid() };
  }),
  'changes a token': edit(['token.issued'], (body, random) => {
    const token = body['token'] as JsonObject;
    body['token'] = {
      ...token,
      ...random.pick([
        { scopes: ['audit:read'] },
        { expiresAt: shifted(body['time'], 60_000) },
        { id: random.uuid() },
      ]),
    };
  }),
  'judges a ticket otherwise': edit(['ticket.checked'], (body, random) => {
    body['verdict'] = random.pick([
      null,
      'ticket_closed',
      'ticket_on_hold',
      'ticket_taken',
      'ticket_unreachable',
      'ticket_not_found',
    ]);
  }),
  'reads another ticket': edit(['ticket.checked'], (body, random) => {
    const read = body['read'] as JsonObject | null;
    body['read'] = random.chance(0.1)
      ? null
      : read && {
          ...read,
          ...random.pick([
            { id: random.pick(['2', '10001', '10002', '10003']) },
            { phase: 'done' },
            { onHold: true },
            { state: 'x' },
            { project: 'x' },
            { approved: null },
            { at: shifted(read['at'], -600_000) },
            { fields: {} },
            { system: 'other' },
            { times: 'local' },
          ]),
        };
  }),
  'lifts a freeze again': (entries, random) => {
    const place = entries.findIndex(({ type }) => type === 'freeze.declared');
    if (place < 0) return false;
    const lifted = { ...(entries[place] as EntryBody), type: 'freeze.lifted' } as EntryBody;
    entries.splice(random.between(place + 1, entries.length + 1), 0, lifted, lifted);
    return true;
  },
  'reads another ticket before a call': edit(['ticket.checked'], (body) => {
    if (body['read'] != null && body['point'] === 'before_call')
      body['read'] = { ...(body['read'] as JsonObject), id: '2' };
  }),
};
