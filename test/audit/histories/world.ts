import { isOver } from '../../../domain/freeze.ts';
import type { Freeze, FreezeOverride } from '../../../domain/freeze.ts';
import { newEntryBody, personActor, workerActor } from '../../../domain/entry.ts';
import type { EntryBody, EventType } from '../../../domain/entry.ts';
import type { JsonObject } from '../../../domain/json.ts';
import type { Person } from '../../../domain/person.ts';
import type { PinnedPolicy } from '../../../domain/policy.ts';
import { policyPinned } from '../../../domain/policy-entry.ts';
import { isoTime } from '../../../domain/time.ts';
import type { TestKeys } from '../memory-log.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';

/** An API token of a random history. */
export interface IssuedToken {
  readonly machine: Person;
  readonly members: JsonObject;
  readonly expiresAt: number;
  isRevoked: boolean;
}

/** What is of no change, as it stands: the clock, freezes, revocations, tokens; and the log so far. */
export function newWorld(random: Random, people: People, keys: TestKeys, began: number) {
  let now = began;
  const log: EntryBody[] = [];
  const pinned = new Set<string>();
  const freezes: Freeze[] = [];
  const revoked = new Set<string>();
  const tokens: IssuedToken[] = [];
  const overrides: FreezeOverride[] = [];
  /** Which open change has a ticket, by the ticket's name or id. */
  const openTickets = new Map<string, string>();
  let file: readonly Freeze[] = [];

  const add = (body: EntryBody) => void log.push(body);
  const byAdmin = (type: EventType, members: JsonObject) =>
    add(newEntryBody({ type, time: isoTime(now), actor: personActor(people.admin), ...members }));

  function pass(ms: number): void {
    now += ms;
  }
  function pin(policy: PinnedPolicy): void {
    if (pinned.has(policy.digest)) return;
    pinned.add(policy.digest);
    add(policyPinned(policy, isoTime(now)).body);
  }
  function newFreeze(id: string): Freeze {
    const { chance, pick, between } = random;
    const startsAt = chance(0.5) ? now : now + between(-60, 120) * 60_000;
    return {
      id,
      operation: chance(0.5) ? null : pick(['ActiveCaCertificate', 'Active*', 'Inactivate*']),
      scope: chance(0.4)
        ? {}
        : { [pick(['sn', 'regionId', 'caSn'])]: pick(['SN-*', 'SN-?', 'cn-hangzhou', '*']) },
      startsAt: isoTime(startsAt),
      endsAt: chance(0.3) ? null : isoTime(startsAt + between(1, 300) * 60_000),
      reason: 'sale',
      ...{ declaredBy: null, declaredAt: null, liftedBy: null, liftedAt: null },
    };
  }
  const membersOf = ({ id, operation, scope, startsAt, endsAt, reason }: Freeze): JsonObject => ({
    ...{ id, operation, scope: { ...scope }, startsAt, endsAt, reason },
  });
  function declare(): void {
    const freeze = { ...newFreeze(random.uuid()), declaredAt: isoTime(now) };
    freezes.push(freeze);
    byAdmin('freeze.declared', { freeze: membersOf(freeze) });
  }
  function lift(): void {
    const standing = freezes.filter((freeze) => !isOver(freeze, now));
    if (standing.length === 0) return;
    const freeze = random.pick(standing);
    freezes[freezes.indexOf(freeze)] = { ...freeze, liftedAt: isoTime(now) };
    byAdmin('freeze.lifted', { freeze: membersOf(freeze) });
  }
  function revoke(policy: PinnedPolicy): void {
    if (revoked.has(policy.digest)) return;
    revoked.add(policy.digest);
    const { name, version, digest } = policy;
    byAdmin('policy.revoked', { policy: { name, version, digest }, comment: 'wrong' });
  }
  function issue(): void {
    const id = random.uuid();
    const { issuer, subject } = people.admin;
    const expiresAt = now + random.between(1, 48) * 3_600_000;
    const machine: Person = {
      ...{ issuer: 'countersign', subject: id, name: 'pipeline', roles: ['requester'], groups: [] },
      authentication: { methods: ['token'], at: null },
      issuedBy: { issuer, subject },
    };
    const members = {
      ...{
        id,
        name: 'pipeline',
        scopes: random.pick([['changes:request'], ['changes:request', 'audit:read']]),
      },
      expiresAt: isoTime(expiresAt),
    };
    tokens.push({ machine, members, expiresAt, isRevoked: false });
    byAdmin('token.issued', { token: members, fingerprint: random.hex(64) });
  }
  function revokeToken(): void {
    const good = tokens.filter(({ isRevoked }) => !isRevoked);
    if (good.length === 0) return;
    const token = random.pick(good);
    token.isRevoked = true;
    byAdmin('token.revoked', { token: token.members });
  }
  function load(): void {
    file = random.chance(0.5) ? [] : [newFreeze(random.pick(['year-end', 'sale']))];
    add(
      newEntryBody({
        ...{ type: 'calendar.loaded', time: isoTime(now), actor: workerActor },
        ...{ sha256: random.hex(64), freezes: file.map(membersOf) },
      }),
    );
  }
  /** Something that people or processes do beside all changes. */
  function happen(policies: readonly PinnedPolicy[]): void {
    const acts = [declare, declare, lift, lift, issue, revokeToken, load];
    if (random.chance(0.1) && policies.length > 0) revoke(random.pick(policies));
    else random.pick(acts)();
  }
  return {
    ...{ random, people, keys, log, add, pass, pin, happen, issue, tokens, overrides, revoked, openTickets },
    now: () => now,
    freezes: () => [...freezes, ...file],
  };
}
export type World = ReturnType<typeof newWorld>;
