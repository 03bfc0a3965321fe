import { concerns, timeOfFreeze } from '../../domain/freeze.ts';
import type { Freeze } from '../../domain/freeze.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { Target } from '../../domain/target.ts';
import { objectOf, stringOf } from '../verify/fields.ts';
import { isSentEnd } from '../verify/judge-attempts.ts';
import { lengthText } from '../verify/judge-freshness.ts';
import { freezeIn } from '../verify/log-facts.ts';
import type { Exception } from './exception.ts';

/** How shortly before or after a freeze a call is to be looked at, ms. */
export const nearness = 15 * 60_000;

/** Most freezes, and most calls, that are remembered: an installation has a handful of freezes. */
const mostRemembered = 1000;

interface Call {
  readonly index: number;
  readonly changeId: string;
  /** When it was sent: ISO 8601, and in ms since the epoch. */
  readonly time: string;
  readonly at: number;
  readonly asked: Asked;
}

interface Asked {
  readonly operation: string;
  readonly target: Target;
}

/** Calls that were made shortly before a freeze began, or shortly after it was over: allowed, and worth a question. */
export function followFreezes() {
  /** What open changes have asked for. */
  const asked = new Map<string, Asked>();
  const freezes = new Map<string, Freeze>();
  let calls: readonly Call[] = [];

  function called(index: number, changeId: string, body: EntryBody): Exception[] {
    const wanted = asked.get(changeId);
    const attempt = objectOf(body.attempt);
    const { sentAt } = attempt;
    if (wanted === undefined || !isSentEnd(body.type, attempt)) return [];
    const time = stringOf(sentAt) ?? body.time;
    const at = Date.parse(time);
    const call = { index, changeId, time, at, asked: wanted };
    calls = [...calls.filter((one) => one.at > at - 2 * nearness), call].slice(-mostRemembered);
    return [...freezes.values()].flatMap((freeze) => exceptionOf(call, freeze) ?? []);
  }

  function declared(freeze: Freeze): Exception[] {
    if (freezes.size >= mostRemembered) {
      const [oldest] = freezes.keys();
      if (oldest !== undefined) freezes.delete(oldest);
    }
    freezes.set(freeze.id, freeze);
    return calls.flatMap((call) => exceptionOf(call, freeze) ?? []);
  }

  return {
    /** The exceptions that an entry completes. */
    add(index: number, body: EntryBody): Exception[] {
      const { type, time, changeId } = body;
      switch (type) {
        case 'change.requested':
          if (changeId !== null) asked.set(changeId, askedIn(body));
          return [];
        case 'change.closed':
          if (changeId !== null) asked.delete(changeId);
          return [];
        case 'attempt.succeeded':
        case 'attempt.failed':
        case 'attempt.unknown':
          return changeId === null ? [] : called(index, changeId, body);
        case 'freeze.declared':
          return freezesIn([body.freeze], time).flatMap(declared);
        case 'freeze.lifted':
          for (const { id } of freezesIn([body.freeze], null)) {
            const freeze = freezes.get(id);
            if (freeze) freezes.set(id, { ...freeze, liftedAt: time });
          }
          return [];
        case 'calendar.loaded': {
          const loaded = freezesIn(Array.isArray(body.freezes) ? body.freezes : [], null);
          return loaded.filter(({ id }) => !freezes.has(id)).flatMap(declared);
        }
        default:
          return [];
      }
    },
  };
}

/** Those that are freezes: what else stands there is the verifier's to tell. @param declaredAt - null: of the calendar file */
function freezesIn(values: readonly unknown[], declaredAt: string | null): Freeze[] {
  return values.flatMap((value) => {
    try {
      return [freezeIn(value, declaredAt === null ? null : { by: null, at: declaredAt })];
    } catch {
      return [];
    }
  });
}

function askedIn({ operation, scope }: EntryBody): Asked {
  const target = { scope: objectOf(scope) as Target['scope'] } as Target;
  return { operation: stringOf(operation) ?? '', target };
}

function exceptionOf({ index, changeId, time, at, asked }: Call, freeze: Freeze): Exception | null {
  const hold = timeOfFreeze(freeze);
  if (hold === null || !concerns(freeze, asked)) return null;
  const before = Date.parse(hold.from) - at;
  const after = hold.until === null ? -1 : at - Date.parse(hold.until);
  const near = (ms: number) => ms >= 0 && ms <= nearness;
  if (!near(before - 1) && !near(after)) return null;
  const where = near(after) ? `${lengthText(after)} after` : `${lengthText(before)} before`;
  const message = `called at ${time}, ${where} freeze ${freeze.id} (${freeze.reason})`;
  return { kind: 'near_freeze', time, changeId, index, message };
}
