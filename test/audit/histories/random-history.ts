import type { EntryBody } from '../../../domain/entry.ts';
import type { PinnedPolicy } from '../../../domain/policy.ts';
import { isGlassBroken } from '../../../domain/break-glass.ts';
import type { Change } from '../../../domain/change.ts';
import { answerableFor, samePerson } from '../../../domain/person.ts';
import type { PersonId } from '../../../domain/person.ts';
import { isSignedType } from '../../../domain/entry-writer.ts';
import { signed } from '../memory-log.ts';
import type { TestKeys } from '../memory-log.ts';
import { drive } from './drive.ts';
import { randomPeople } from './people.ts';
import { ask } from './random-change.ts';
import type { Driven } from './random-change.ts';
import { randomPolicy } from './random-policy.ts';
import { randomOf } from './random.ts';
import { newWorld } from './world.ts';

const began = Date.parse('2026-11-24T06:00:00.000Z');
const most = 34;

/** A log that could have come about: a few changes, and what happened beside them. The same seed gives the same log. */
export function randomHistory(seed: number, keys: TestKeys): EntryBody[] {
  const random = randomOf(seed);
  const people = randomPeople(random, new Date(began - 60_000).toISOString());
  const world = newWorld(random, people, keys, began);
  const policies: PinnedPolicy[] = [];
  const changes: Driven[] = [];
  if (random.chance(0.3)) world.issue();
  for (let step = 0; step < 120 && world.log.length < most; step += 1) {
    world.pass(random.pick([2000, 20_000, 60_000, 240_000, 1_800_000]) + random.between(0, 1000));
    if (random.chance(0.06)) world.happen(policies);
    const open = changes.filter(({ change }) => change.closedAt === null);
    if (changes.length === 0 || (open.length < 2 && changes.length < 4 && random.chance(0.2))) {
      const policy =
        policies.length > 0 && random.chance(0.4)
          ? random.pick(policies)
          : randomPolicy(random, people, world.now());
      if (world.revoked.has(policy.digest)) continue;
      const mayBreakGlass = (by: PersonId) => !changes.some(({ change }) => owes(change, by));
      policies.push(policy);
      const ended = changes.filter(({ change }) => change.closedAt !== null);
      const free = ended.map(({ change }) => snOf(change)).filter((sn) => !isHeld(open, sn));
      const sn = free.length > 0 && random.chance(0.3) ? random.pick(free) : `SN-${changes.length}`;
      changes.push(ask(world, policy, sn, mayBreakGlass));
      continue;
    }
    drive(world, random.pick(random.chance(0.1) || open.length === 0 ? changes : open));
  }
  return world.log.map((body) => (isSignedType(body.type) ? signed(body, keys) : body));
}

/** Whether one of the changes is on a target. */
function isHeld(open: readonly Driven[], sn: string): boolean {
  return open.some(({ change }) => snOf(change) === sn);
}

function snOf({ target }: Change): string {
  return target.scope['sn'] ?? '';
}

/** Who has broken the glass, and owes for it, does not again. */
function owes(change: Change, by: PersonId): boolean {
  return isGlassBroken(change) && samePerson(answerableFor(change.requester), by);
}
