import type { EntryBody } from '../../../domain/entry.ts';
import type { Json, JsonObject } from '../../../domain/json.ts';
import type { PinnedPolicy } from '../../../domain/policy.ts';
import { honest } from '../../support/honest.ts';
import { attempts, decisions, edit, ends, members, shift, shifted } from './edits.ts';
import type { Tampering } from './edits.ts';

/** Tampering of what was asked for, and of calls. */
export const callTamperings: Readonly<Record<string, Tampering>> = {
  'changes what was asked for': edit(['change.requested'], (body, random) => {
    const name = random.pick([
      'input',
      'scope',
      'label',
      'target',
      'justification',
      'breakGlass',
      'decideBy',
      'executeAfter',
      'executeBy',
      'executeWithinMs',
      'ticket',
      'operation',
      'operationVersion',
      'inputSchemaDigest',
      'submittedAt',
      'host',
    ]);
    const otherwise: Record<string, Json> = {
      input: { sn: 'X' },
      scope: { sn: 'X' },
      breakGlass: body['breakGlass'] !== true,
      decideBy: shifted(body['decideBy'], shift(random)),
      executeAfter: shifted(body['submittedAt'], shift(random)),
      executeBy: shifted(body['submittedAt'], shift(random)),
      executeWithinMs: random.pick([1000, 360_000_000]),
      ticket: { system: 'jira', id: 'OPS-2', url: null },
      submittedAt: shifted(body['submittedAt'], shift(random)),
      host: random.pick([null, { type: 'moveLine' }]),
    };
    body[name] = otherwise[name] ?? 'something else';
  }),
  'asks for more than a host may': (entries, random) => {
    const at = entries.findIndex(({ host }) => host != null);
    if (at < 0) return false;
    const asked = entries[at] as EntryBody;
    const more = random.pick([
      { breakGlass: true },
      { decideBy: '2027-01-01T00:00:00.000Z' },
      { executeBy: '2027-01-01T00:00:00.000Z' },
      { executeWithinMs: 360_000_000 },
      { actor: { ...asked.actor, groups: ['security'] } },
    ]);
    entries[at] = { ...asked, ...more };
    return true;
  },
  'breaks the glass': edit(['change.requested'], (body) => {
    body['breakGlass'] = true;
  }),
  'names another policy': edit(
    ['change.prechecked', 'change.scheduled', ...attempts, 'change.requested', ...decisions],
    (body, random, entries) => {
      const others = entries.flatMap(({ pinnedPolicy }) =>
        pinnedPolicy == null ? [] : [pinnedPolicy as JsonObject],
      );
      const other = others.length > 0 ? random.pick(others) : {};
      const { name = null, version = null, digest = null } = other;
      body['policy'] = random.chance(0.5)
        ? { name, version, digest }
        : { ...(body['policy'] as JsonObject), version: '9' };
    },
  ),
  'weakens a policy under its digest': edit(['policy.pinned'], (body) => {
    body['pinnedPolicy'] = { ...(body['pinnedPolicy'] as JsonObject), executeWithinMs: 1 };
  }),
  'weakens a policy and every name of it': (entries, random) => {
    const at = entries.findIndex(({ type }) => type === 'policy.pinned');
    const pinned = entries[at]?.['pinnedPolicy'] as unknown as PinnedPolicy | undefined;
    if (!pinned) return false;
    const { digest } = pinned;
    const weaker = honest({
      ...pinned,
      ...random.pick([
        { standard: true, stages: [] },
        { windows: [] },
        { ticket: null },
        { authentication: null },
      ]),
    });
    const text = JSON.stringify(entries).replaceAll(digest, weaker.digest);
    entries.splice(0, entries.length, ...(JSON.parse(text) as EntryBody[]));
    members(entries[at] as EntryBody)['pinnedPolicy'] = weaker as unknown as JsonObject;
    return true;
  },
  'begins an attempt before the approval': (entries, random) => {
    const places = entries.flatMap(({ type }, i) => (type === 'change.prechecked' ? [i] : []));
    if (places.length === 0) return false;
    const at = random.pick(places);
    const before = entries[at] as EntryBody;
    entries.splice(at + 1, 0, { ...before, type: 'attempt.started', attempt: { ordinal: 1 } });
    return true;
  },
  'invents an attempt': (entries, random) => {
    const places = entries.flatMap(({ type }, i) =>
      /^change\.(prechecked|scheduled|held|drifted|paused|abandoned|withdrawn|closed)$|^attempt/.test(type)
        ? [i]
        : [],
    );
    if (places.length === 0) return false;
    const at = random.pick(places);
    const before = entries[at] as EntryBody;
    const ordinal =
      entries.filter(
        ({ type, changeId }, i) => i <= at && type === 'attempt.started' && changeId === before.changeId,
      ).length + 1;
    const {
      statement: _s,
      signature: _g,
      ...told
    } = before as EntryBody & { statement?: Json; signature?: Json };
    const next = (type: string, attempt: JsonObject, seconds: number): EntryBody =>
      ({
        ...told,
        type,
        actor: { process: 'worker' },
        time: shifted(before.time, seconds * 1000),
        attempt,
      }) as unknown as EntryBody;
    const started = next('attempt.started', { ordinal }, 1);
    const ended = next(
      'attempt.succeeded',
      { ordinal, code: 'OK', requestId: 'R', sentAt: shifted(before.time, 2000) },
      3,
    );
    entries.splice(at + 1, 0, ...random.pick([[started], [started, ended]]));
    return true;
  },
  'counts attempts otherwise': edit([...attempts, ...ends], (body, random) => {
    const attempt = body['attempt'] as JsonObject;
    body['attempt'] = { ...attempt, ordinal: Number(attempt['ordinal']) + random.pick([-1, 1, 2]) };
  }),
  'sends at another time': edit(ends, (body, random) => {
    const attempt = body['attempt'] as JsonObject;
    const sentAt = random.pick([
      null,
      'soon',
      shifted(body['time'], shift(random)),
      shifted(body['time'], -200_000),
      shifted(body['time'], 200_000),
    ]);
    body['attempt'] = { ...attempt, sentAt };
  }),
  'tells a call as not sent, or back': edit(ends, (body, random) => {
    const attempt = body['attempt'] as JsonObject;
    const isUnsent = attempt['code'] === 'not_sent';
    body['type'] = isUnsent ? random.pick(ends) : 'attempt.failed';
    body['attempt'] = {
      ...attempt,
      code: isUnsent ? 'OK' : 'not_sent',
      sentAt: isUnsent ? (body['time'] ?? null) : null,
    };
  }),
  'tells of another outcome': edit(ends, (body, random) => {
    body['type'] = random.pick(ends);
  }),
};
