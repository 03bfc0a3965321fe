import { actorIn } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { longestMs } from '../../domain/duration.ts';
import { calendarRolloverMs } from '../../domain/freeze.ts';
import type { JudgedToken } from '../../domain/machine.ts';
import { namesWriter } from '../../domain/entry-writer.ts';
import { tolerance } from './change-record.ts';
import { objectOf, stringOf } from './fields.ts';
import { takeOperations } from './judge-target.ts';
import { freezeIn, isLongOver } from './log-facts.ts';
import type { LogFacts } from './log-facts.ts';
import { policyNamedIn } from './judge-policy.ts';
import type { Report } from './problem.ts';
import { hasRole, personOf } from './statement-of.ts';

/** Most freezes that are followed at once. An installation has a handful. */
export const mostFreezes = 1000;

/** How an entry is taken; `whole`: whether every entry before it was looked at. */
type Taker = (facts: LogFacts, body: EntryBody, whole: boolean, report: Report) => void;

/**
 * What is remembered of an entry that is of no one change, by its type. What would open a way counts only where it names the
 * key that wrote it; what closes one counts all the same.
 */
const takers: Readonly<Record<string, Taker>> = {
  'freeze.declared': (facts, body, _whole, report) => {
    byAdmin(body, report);
    const by = personOf(body.actor);
    const freeze = freezeIn(body.freeze, { by: by && { ...by, name: '' }, at: body.time });
    const standing = facts.freezes.get(freeze.id);
    if (standing !== undefined && !isLongOver(standing, body.time))
      report('freeze_out_of_order', `freeze ${freeze.id} stands already`);
    else {
      if (facts.freezes.size >= mostFreezes) forgetLongOver(facts, body.time);
      const until = freeze.endsAt === null ? Infinity : Date.parse(freeze.endsAt);
      if (facts.freezes.size >= mostFreezes) facts.unfollowedFreezes += 1;
      else facts.freezes.set(freeze.id, { ...freeze, until, place: facts.place });
    }
  },
  'freeze.lifted': (facts, body, whole, report) => {
    byAdmin(body, report);
    const { id } = freezeIn(body.freeze, null);
    if (!namesWriter(body)) return;
    const { until = Infinity, endsAt = null } = facts.freezes.get(id) ?? {};
    if (until + tolerance < Date.parse(body.time)) {
      report('freeze_out_of_order', `freeze ${id} is lifted, and had ended at ${endsAt}`);
    }
    if (facts.freezes.delete(id) || !whole || facts.unfollowedFreezes > 0) return;
    report('freeze_out_of_order', `freeze ${id} is lifted, and no entry before has declared it`);
  },
  'calendar.loaded': (facts, body) => {
    const { freezes } = body;
    if (freezes === null) facts.unlistedCalendars += 1;
    else if (!Array.isArray(freezes)) throw new TypeError('member freezes is no list');
    const loaded = (freezes ?? []).map((freeze: unknown) => freezeIn(freeze, null));
    const now = Date.parse(body.time);
    const before = facts.calendars
      .map((one) => ({ ...one, supersededAt: one.supersededAt ?? now }))
      .filter(({ supersededAt }) => now - supersededAt < calendarRolloverMs);
    facts.calendars = [...before, { place: facts.place, freezes: loaded, supersededAt: null }];
  },
  'operations.loaded': takeOperations,
  'policy.revoked': (facts, body, _whole, report) => {
    byAdmin(body, report);
    const { digest, name, version } = policyNamedIn(body);
    if (digest === null) throw new TypeError('member policy has no digest');
    const { place } = facts;
    const comment = stringOf(body.comment) ?? '';
    if (!facts.revoked.has(digest))
      facts.revoked.set(digest, { place, name: name ?? '', version: version ?? '', comment });
  },
  'token.issued': (facts, body, _whole, report) => {
    byAdmin(body, report);
    const token = tokenIn(body);
    if (!(Date.parse(token.expiresAt) <= Date.parse(body.time) + longestMs + tolerance))
      report('token_not_valid', 'a token is issued for more than 366 days');
    if (!namesWriter(body)) return;
    if (!facts.tokens.has(token.id)) facts.tokens.set(token.id, token);
  },
  'token.revoked': (facts, body, _whole, report) => {
    byAdmin(body, report);
    const { id } = tokenIn(body);
    const known = facts.tokens.get(id);
    if (known) facts.tokens.set(id, { ...known, revokedAt: known.revokedAt ?? body.time });
  },
};

/**
 * Remembers what an entry tells that is of no one change.
 * @throws TypeError for an entry without the members of its type
 */
export function takeFact(facts: LogFacts, body: EntryBody, whole: boolean, report: Report): void {
  if (Object.hasOwn(takers, body.type)) takers[body.type]?.(facts, body, whole, report);
}

/**
 * Only where there would be too many otherwise, and at a declaration: the API signs its time, so nobody else has a freeze forgotten
 * that is to hold a call.
 */
function forgetLongOver({ freezes }: LogFacts, time: string): void {
  for (const freeze of freezes.values()) if (isLongOver(freeze, time)) freezes.delete(freeze.id);
}

function byAdmin(body: EntryBody, report: Report): void {
  if (!hasRole(body, 'admin')) report('not_by_admin', `${body.type} by somebody who may not`);
}

function tokenIn(body: EntryBody): JudgedToken {
  const { id, scopes, expiresAt } = objectOf(body.token);
  const issuedBy = personOf(actorIn(body));
  const isUntil = typeof expiresAt === 'string' && !Number.isNaN(Date.parse(expiresAt));
  if (typeof id !== 'string' || !isUntil || !Array.isArray(scopes) || issuedBy === null)
    throw new TypeError('member token is none');
  return {
    id,
    scopes: scopes,
    issuedBy: { ...issuedBy, name: '' },
    expiresAt,
    revokedAt: null,
  };
}
