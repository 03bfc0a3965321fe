import { blockAt } from '../../../calendar/block-at.ts';
import { endOfOrphan, endOfSettlement, endOfSuccess, endWithoutCall } from '../../../domain/end.ts';
import { newEntryBody, changeMembers, personActor } from '../../../domain/entry.ts';
import { refusalToOverride } from '../../../domain/freeze.ts';
import { phaseOf } from '../../../domain/lifecycle.ts';
import { askedOfDirectory } from '../../../domain/membership.ts';
import { reevaluate } from '../../../domain/reevaluation.ts';
import { outsideOfClocks } from '../../../domain/scheduling.ts';
import { isoTime } from '../../../domain/time.ts';
import { byChannel } from '../../../domain/channel.ts';
import { give, hear, show, stop, word } from './random-change.ts';
import type { Driven } from './random-change.ts';
import { readTicket } from './random-ticket.ts';
import type { World } from './world.ts';

/** One more thing that happens to a change, as an honest service lets it. */
export function drive(world: World, driven: Driven): void {
  const { random, people } = world;
  if (driven.unheard.length > 0 && random.chance(0.6)) {
    hear(world, driven);
    return;
  }
  switch (phaseOf(driven.change)) {
    case 'reading':
      read(world, driven);
      return;
    case 'deciding':
      decideSomething(world, driven);
      return;
    case 'paused':
      if (!stop(world, driven, random.pick(['resume', 'resume', 'resume', 'abandon', 'withdraw'])))
        close(world, driven);
      return;
    case 'scheduled':
    case 'running':
      run(world, driven);
      return;
    case 'ending':
      close(world, driven);
      return;
    case 'closed':
      answer(world, driven);
      word(world, driven, random.pick([people.auditor, people.operator, ...people.deciders]), {
        kind: 'review',
        action: 'sign',
      });
  }
}

function read(world: World, driven: Driven): void {
  const { random } = world;
  if (world.now() >= Date.parse(driven.change.decideBy)) {
    give(world, driven, { kind: 'expire' });
    return;
  }
  if (random.chance(0.05)) {
    stop(world, driven, 'withdraw');
    return;
  }
  const refuse = (code: string) => {
    const why = { code, message: '', requestId: null, snapshot: null };
    give(world, driven, { kind: 'refuse', ...why });
  };
  if (random.chance(0.04)) refuse('already_active');
  else if (readTicket(world, driven, 'precheck')) show(world, driven);
  else if (world.log.at(-1)?.['verdict'] !== 'ticket_unreachable') refuse('ticket_closed');
}

function decideSomething(world: World, driven: Driven): void {
  const { random, people } = world;
  const { change } = driven;
  if (world.now() >= Date.parse(change.decideBy)) {
    give(world, driven, { kind: 'expire' });
    return;
  }
  const { escalation } = change.policy;
  const isDue = escalation !== null && world.now() >= driven.roundBegan + escalation.afterMs;
  if (isDue && driven.escalatedIn !== change.round && random.chance(0.7)) {
    driven.escalatedIn = change.round;
    give(world, driven, { kind: 'escalate' });
    return;
  }
  if (random.chance(0.04) && stop(world, driven, random.pick(['withdraw', 'take_over']))) return;
  if (random.chance(0.04)) give(world, driven, { kind: 'remind' });
  if (random.chance(0.02)) give(world, driven, { kind: 'cancel', code: 'host_cancelled', host: null });
  if (random.chance(0.06)) refusedDecision(world, driven);
  const channels = change.policy.channels ?? [];
  const someone = random.pick(people.deciders);
  const by =
    channels.length > 0 && random.chance(0.3)
      ? { ...someone, groups: [], authentication: byChannel('slack') }
      : someone;
  if (random.chance(0.12)) {
    word(world, driven, someone, { kind: 'decision_withdrawal', action: 'withdraw' });
  } else {
    word(world, driven, by, { kind: 'decision', action: random.chance(0.85) ? 'approve' : 'reject' });
  }
}

function refusedDecision(world: World, { change }: Driven): void {
  const { people } = world;
  world.add(
    newEntryBody({
      ...{ type: 'decision.refused', time: isoTime(world.now()), actor: personActor(people.auditor) },
      ...{ ...changeMembers(change), outcome: 'missing_role', source: null },
    }),
  );
}

function facts(world: World, { change }: Driven) {
  const isRevoked = world.revoked.has(change.policy.digest);
  const { name, version } = change.policy;
  return {
    revocation: isRevoked ? { name, version, comment: '' } : null,
    ...{ freezes: world.freezes(), overrides: world.overrides },
  };
}

function run(world: World, driven: Driven): void {
  const { random, people } = world;
  const { change } = driven;
  const { calls } = change;
  if (calls.open.length > 0) {
    if (driven.sentAt === null && random.chance(0.9)) {
      mark(world, driven);
      return;
    }
    // Somebody may say a word meanwhile.
    if (random.chance(0.25)) stop(world, driven, random.pick(['pause', 'abandon', 'withdraw', 'resume']));
    else if (random.chance(0.9)) answer(world, driven);
    return;
  }
  if (calls.succeeded) {
    close(world, driven);
    return;
  }
  if (world.revoked.has(change.policy.digest) && random.chance(0.7)) {
    word(world, driven, people.admin, { kind: 'revocation', action: 'revoke' });
    return;
  }
  const clock = outsideOfClocks(change, world.now());
  if (clock === 'late') {
    close(world, driven);
    return;
  }
  const act = random.next();
  if (act < 0.08) stop(world, driven, random.pick(['pause', 'pause', 'abandon', 'withdraw', 'take_over']));
  else if (act < 0.12) give(world, driven, { kind: 'drift', message: '', called: calls.called });
  else if (act < 0.16) lapse(world, driven);
  else if (act < 0.18) word(world, driven, people.operator, { kind: 'execution', action: 'retry' });
  else if (act < 0.2) give(world, driven, { kind: 'rest' });
  else if (act < 0.22) closeOrphan(world, driven);
  else if (clock === null) begin(world, driven);
}

function lapse(world: World, driven: Driven): void {
  const { random, people } = world;
  if (driven.change.calls.called) return;
  people.leave(random.pick(people.deciders));
  const reevaluation = reevaluate(driven.change, people.groupsIn);
  if (reevaluation.missing.length > 0) give(world, driven, { kind: 'lapse', reevaluation });
}

function begin(world: World, driven: Driven): void {
  const { random } = world;
  const why = blockAt(driven.change, facts(world, driven), world.now());
  if (why !== null && random.chance(0.8)) {
    if (why.kind === 'freeze' && random.chance(0.6)) override(world, driven);
    else give(world, driven, { kind: 'hold', why, called: driven.change.calls.called });
    return;
  }
  if (!readTicket(world, driven, 'before_call')) return;
  give(world, driven, { kind: 'begin', ordinal: driven.change.calls.started + 1 });
  if (driven.standing === 'going') return;
}

/** The last asking, under the lock that words, freezes and revocations take, too. */
function mark(world: World, driven: Driven): void {
  const { change, standing } = driven;
  const isOpen = change.standing === 'going' && standing === 'going' && change.decisionStatus === 'approved';
  const isInTime = outsideOfClocks(change, world.now()) === null;
  if (isOpen && isInTime && blockAt(change, facts(world, driven), world.now()) === null) {
    driven.sentAt = world.now();
    return;
  }
  const attempt = { ...ended(driven, 'not_sent'), sentAt: null };
  give(world, driven, { kind: 'answer', outcome: 'failed', attempt });
}

const ended = (driven: Driven, code: string) => ({
  ordinal: driven.change.calls.open[0] ?? 0,
  ...{ class: null, code, message: null },
  // What was not sent has no answer.
  ...(code === 'not_sent'
    ? { httpStatus: null, requestId: null }
    : { httpStatus: code === 'OK' ? 200 : 500, requestId: requestIdOf(driven) }),
});

const requestIdOf = ({ change }: Driven) => `R-${change.id}-${change.calls.started}`;

function answer(world: World, driven: Driven): void {
  const { random } = world;
  if (driven.change.calls.open.length === 0) return;
  if (driven.sentAt === null) {
    give(world, driven, {
      kind: 'answer',
      outcome: 'failed',
      attempt: { ...ended(driven, 'not_sent'), sentAt: null },
    });
    return;
  }
  const outcome = random.pick(['succeeded', 'succeeded', 'failed', 'unknown'] as const);
  const attempt = {
    ...ended(driven, outcome === 'succeeded' ? 'OK' : 'Err'),
    sentAt: isoTime(driven.sentAt),
  };
  driven.sentAt = null;
  driven.answeredAs = attempt.requestId;
  give(world, driven, { kind: 'answer', outcome, attempt });
}

function override(world: World, driven: Driven): void {
  const { random, people } = world;
  const { change } = driven;
  const by = random.pick(people.deciders);
  const directory = askedOfDirectory(change.policy, people.groupsIn(by));
  if (refusalToOverride(change, by, directory, world.now())) return;
  const freeze = random.pick(world.freezes());
  const { id, operation, scope, startsAt, endsAt, reason } = freeze;
  const at = isoTime(world.now());
  const overridden = { freezeId: id, changeId: change.id, digest: change.digest ?? '', by, at };
  world.overrides.push(overridden);
  world.add(
    newEntryBody({
      ...{ type: 'freeze.overridden', time: at, actor: personActor(by), ...changeMembers(change) },
      ...{
        freeze: { id, operation, scope: { ...scope }, startsAt, endsAt, reason },
        comment: 'seen',
        directory: [...directory],
      },
    }),
  );
}

function close(world: World, driven: Driven): void {
  const { random } = world;
  const { change } = driven;
  const { calls } = change;
  if (calls.open.length > 0) {
    answer(world, driven);
    return;
  }
  const why = change.reason ?? { code: 'execute_by_passed', message: '', requestId: null };
  const phase = phaseOf(change);
  if (phase === 'reading' || phase === 'deciding') return;
  const achieved = random.pick([true, false, null]);
  const settlement = { attempts: 1, achieved, doubt: random.chance(0.5), last: null };
  const end = calls.succeeded
    ? endOfSuccess(driven.answeredAs, false)
    : calls.called
      ? endOfSettlement(change, why, settlement)
      : endWithoutCall(change, why);
  give(world, driven, { kind: 'close', end });
}

/** The change whose workflow is gone. */
function closeOrphan(world: World, driven: Driven): void {
  const { calls } = driven.change;
  if (calls.called || calls.open.length > 0) return;
  give(world, driven, {
    kind: 'close',
    end: endOfOrphan(driven.change, [], 'TERMINATED'),
    part: 'reconciler',
  });
}
