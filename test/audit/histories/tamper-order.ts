import type { EntryBody } from '../../../domain/entry.ts';
import type { JsonObject } from '../../../domain/json.ts';
import { attempts, decisions, edit, ends, people, shift, shifted, words } from './edits.ts';
import type { Tampering } from './edits.ts';

/** Tampering of entries, whatever they tell. */
export const orderTamperings: Readonly<Record<string, Tampering>> = {
  'drops an entry': (entries, random) => entries.splice(random.between(0, entries.length), 1).length > 0,
  'drops some entry of people or rules': (entries, random) => {
    const types =
      /^(decision|freeze|token|policy|stop|ticket|review|change\.(scheduled|escalated|prechecked|held|drifted))/;
    const places = entries.flatMap(({ type }, i) => (types.test(type) ? [i] : []));
    return places.length > 0 && entries.splice(random.pick(places), 1).length > 0;
  },
  'tells an entry twice': (entries, random) => {
    const at = random.between(0, entries.length);
    entries.splice(random.between(at, entries.length) + 1, 0, entries[at] as EntryBody);
    return true;
  },
  'swaps neighbours': (entries, random) => {
    if (entries.length < 2) return false;
    const at = random.between(0, entries.length - 1);
    entries.splice(at, 2, entries[at + 1] as EntryBody, entries[at] as EntryBody);
    return true;
  },
  'moves an entry': (entries, random) => {
    const [moved] = entries.splice(random.between(0, entries.length), 1);
    if (moved) entries.splice(random.between(0, entries.length + 1), 0, moved);
    return true;
  },
  'cuts the log behind the middle of a change and goes on': (entries, random) => {
    if (entries.length < 6) return false;
    entries.splice(random.between(2, entries.length - 2), random.between(2, 4));
    return true;
  },
  'dates an entry otherwise': edit(
    [
      'attempt.started',
      ...ends,
      'change.scheduled',
      'change.escalated',
      'freeze.declared',
      'freeze.lifted',
      'token.revoked',
      'calendar.loaded',
      'ticket.checked',
      'change.requested',
    ],
    (body, random) => {
      const ms = shift(random);
      body['time'] = shifted(body['time'], ms);
      if (body['escalatedAt'] !== undefined && random.chance(0.7))
        body['escalatedAt'] = shifted(body['escalatedAt'], ms);
    },
  ),
  'dates an entry beyond all': edit(
    ['change.requested', 'attempt.started', 'freeze.declared', 'policy.pinned'],
    (body) => {
      body['time'] = '2027-06-01T00:00:00.000Z';
    },
  ),
  'says as an engine': edit(words, (body, random) => {
    delete body['statement'];
    delete body['signature'];
    body['actor'] = { process: random.pick(['worker', 'worker', 'api']) };
    body['code'] = random.pick(['host_cancelled', 'workflow_cancelled', 'stop_word_stands']);
  }),
  'ends otherwise': edit(
    ['change.expired', 'change.withdrawn', 'change.refused', 'change.abandoned'],
    (body, random) => {
      body['type'] = random.pick([
        'change.expired',
        'change.withdrawn',
        'change.refused',
        'change.abandoned',
      ]);
    },
  ),
  'gives another code': edit([...words, 'change.refused'], (body, random) => {
    const code = random.pick([
      null,
      'taken_over',
      'policy_revoked',
      'host_cancelled',
      'workflow_cancelled',
      'stop_word_stands',
    ]);
    if (code === null) delete body['code'];
    else body['code'] = code;
  }),
  'tells an orphan': edit(['change.closed'], (body) => {
    body['outcome'] = { ...(body['outcome'] as JsonObject), code: 'workflow_ended' };
  }),
  'closes otherwise': edit(['change.closed'], (body, random) => {
    if (random.chance(0.5))
      body['decisionStatus'] = random.pick(['approved', 'rejected', 'withdrawn', 'expired', 'refused']);
    else
      body['executionStatus'] = random.pick([
        'succeeded',
        'failed',
        'cancelled',
        'not_started',
        'outcome_unknown',
      ]);
  }),
  'tells of a call': edit(['change.held', 'change.drifted'], (body) => {
    body['called'] = true;
  }),
  'changes a digest': edit(
    ['change.prechecked', 'change.scheduled', ...attempts, ...decisions, 'freeze.overridden'],
    (body) => {
      body['digest'] = 'e'.repeat(64);
    },
  ),
  'changes a round': edit(['change.prechecked', ...decisions], (body, random) => {
    body['round'] = Number(body['round']) + random.pick([-1, 1]);
  }),
  'shows something else': edit(['change.prechecked'], (body) => {
    body['snapshot'] = { status: 'active' };
  }),
  'schedules for another time': edit(['change.scheduled'], (body, random) => {
    body['executeBy'] = shifted(body['executeBy'], shift(random));
  }),
  'escalates early': edit(['change.escalated'], (body, random) => {
    const ms = -random.pick([1, 400_000, 3_600_000, 10_800_000]);
    body['time'] = shifted(body['time'], ms);
    body['escalatedAt'] = shifted(body['escalatedAt'], ms);
  }),
  'escalates to another group': edit(['change.escalated'], (body, random) => {
    body['group'] = random.pick(['operations', 'security', 'board', null]);
  }),
  'lapses others': edit(['decision.lapsed'], (body, random) => {
    body['lapsed'] = random.pick([[], [{ issuer: 'https://id.example', subject: random.pick(people) }]]);
  }),
  'holds, drifts or lapses before it is approved': (entries, random) => {
    const places = entries.flatMap(({ type }, i) => (type === 'change.prechecked' ? [i] : []));
    if (places.length === 0) return false;
    const at = random.pick(places);
    const type = random.pick(['change.held', 'change.drifted', 'decision.lapsed'] as const);
    const like = entries[at] as EntryBody;
    entries.splice(at + 1, 0, { ...like, type, called: false, lapsed: [], narrowed: [] });
    return true;
  },
  'takes members of its type away': edit(
    ['change.prechecked', 'change.scheduled', 'attempt.started', ...ends, 'change.closed', 'policy.pinned'],
    (body) => {
      for (const name of ['digest', 'executeBy', 'attempt', 'outcome', 'pinnedPolicy']) body[name] = null;
    },
  ),
  'tells of a policy or an answer twice': (entries, random) => {
    const type = random.pick(['policy.pinned', 'attempt.succeeded', 'attempt.failed']);
    const at = entries.findIndex((body) => body.type === type);
    if (at < 0) return false;
    entries.splice(at + 1, 0, entries[at] as EntryBody);
    return true;
  },
  'lets a change expire early': edit(['change.expired'], (body, random) => {
    body['time'] = shifted(body['decideBy'], -random.pick([0, 299_000, 301_000, 3_600_000]));
  }),
  'names another operation or target': edit(
    [
      ...['change.prechecked', 'change.scheduled', 'change.held', 'ticket.checked', 'change.closed'],
      ...[...attempts, ...ends, ...decisions, ...words],
    ],
    (body, random) => {
      body[random.pick(['operation', 'target'])] = random.pick([null, 'another']);
    },
  ),
  'closes twice': (entries, random) => {
    const places = entries.flatMap(({ type }, i) => (type === 'change.closed' ? [i] : []));
    if (places.length === 0) return false;
    const at = random.pick(places);
    entries.splice(at + 1, 0, entries[at] as EntryBody);
    return true;
  },
};
