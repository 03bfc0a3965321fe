import type { Person } from '../../../domain/person.ts';
import type { GroupSource, PinnedPolicy, SeatGroup } from '../../../domain/policy.ts';
import { fourEyes } from '../../../domain/four-eyes.ts';
import { honest } from '../../support/honest.ts';
import { ticketRule } from '../../support/ticket.ts';
import { groupNames } from './people.ts';
import type { People } from './people.ts';
import type { Random } from './random.ts';

const hour = 3_600_000;
const idOf = ({ issuer, subject }: Person) => ({ issuer, subject });

/** A policy in which any rule may be. @param now - milliseconds since the epoch */
export function randomPolicy(random: Random, people: People, now: number): PinnedPolicy {
  const { chance, pick, between, some } = random;
  const maybe = <T>(probability: number, make: () => T): T | null => (chance(probability) ? make() : null);
  const source = (): GroupSource => {
    const kind = pick(['token', 'directory', 'members'] as const);
    if (kind !== 'members') return { source: kind };
    const members = some(people.deciders, 0.6);
    return { source: kind, members: (members.length > 0 ? members : people.deciders).map(idOf) };
  };
  const seats = (): SeatGroup => ({
    group: chance(0.3) ? null : pick(groupNames),
    threshold: pick([1, 1, 1, 2, 1]),
  });
  const standard = chance(0.08);
  const stages = Array.from({ length: pick([1, 1, 1, 2]) }, (_, n) => ({
    name: `stage-${n}`,
    groups: Array.from({ length: pick([1, 1, 2]) }, seats),
  }));
  const delegation = () => ({
    from: idOf(pick([...people.deciders, ...people.requesters])),
    to: idOf(pick(people.deciders)),
    since: new Date(now + between(-48, 12) * hour).toISOString(),
    until: new Date(now + between(-3, 72) * hour).toISOString(),
  });
  const window = () => ({
    cron: pick([
      '0 8 * * *',
      '30 6 * * 1-5',
      '0 */6 * * *',
      '15 * * * *',
      '0 22 * * 1,3,5',
      '0 0 L * *',
      '0 9 * * 2#4',
      '0 7 1,24 * 3',
    ]),
    durationMinutes: pick([30, 120, 480, 720, 1440]),
    timeZone: pick(['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'America/Los_Angeles', 'Mars/Olympus']),
    holidays: some(['2026-11-24', '2026-11-25', '2026-11-27'], 0.15),
  });
  const reject = pick([
    { kind: 'any' },
    { kind: 'any' },
    { kind: 'majority' },
    { kind: 'count', count: pick([1, 2]) },
  ] as const);
  const policy: PinnedPolicy = {
    ...fourEyes,
    name: pick(['plant', 'critical']),
    version: random.hex(4),
    standard,
    stages: standard ? [] : stages,
    reject,
    commentRequired: pick(['never', 'never', 'reject', 'always']),
    decideWithinMs: pick([4, 24, 168]) * hour,
    executeWithinMs: pick([2, 24]) * hour,
    escalation: maybe(0.3, () => ({ afterMs: pick([1, 3]) * hour, group: pick(groupNames) })),
    delegations: chance(0.3) ? Array.from({ length: between(1, 4) }, delegation) : [],
    windows: chance(0.25) ? Array.from({ length: between(1, 3) }, window) : [],
    freezeOverride: maybe(0.5, () => ({ group: pick(groupNames) })),
    breakGlass: maybe(0.5, () => ({
      groups: chance(0.6) ? [...groupNames] : [pick(groupNames)],
      approvals: pick([0, 1] as const),
      ...(chance(0.4) ? { reasons: ['Outage', 'line 4'] } : {}),
    })),
    authentication: maybe(0.15, () => ({
      ...(chance(0.7)
        ? {
            methods: pick([
              ['mfa', 'hwk'],
              ['via:slack', 'mfa'],
            ]),
          }
        : {}),
      ...(chance(0.5) ? { maxAgeSeconds: pick([3600, 36_000]) } : {}),
    })),
    ticket: maybe(0.25, () =>
      ticketRule({
        required: chance(0.8),
        projects: maybe(0.3, () => ['OPS']),
        types: maybe(0.3, () => ['Change']),
        states: maybe(0.5, () => ['Scheduled', 'Implement']),
        sameTarget: maybe(0.3, () => ({ field: 'Affected CI', member: pick([null, 'sn']) })),
        window: maybe(0.3, () => ({ start: 'Planned start', end: 'Planned end' })),
        approved: chance(0.3),
      }),
    ),
    ...(chance(0.2) ? { channels: [{ name: 'slack', mode: pick(['decide', 'reject_only'] as const) }] } : {}),
    groups: Object.fromEntries(groupNames.map((name) => [name, source()])),
  };
  return honest(policy);
}
