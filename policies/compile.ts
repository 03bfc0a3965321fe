import { createHash } from 'node:crypto';
import { durationMs } from '../domain/duration.ts';
import type { GroupSource, PinnedPolicy, RejectRule, TicketRule } from '../domain/policy.ts';
import { policyDigest } from '../domain/policy-digest.ts';
import { isoTime } from '../domain/time.ts';
import { withShortForms } from '../domain/target-scope.ts';
import { channelOf } from './channels.ts';
import type { PolicyDocument, WrittenMatch, WrittenPolicy, WrittenTicket } from './document.ts';
import type { Match } from './match.ts';

/** Every group that a policy names, where it names it. */
export function groupsNamedBy(policy: WrittenPolicy): { name: string; path: readonly PropertyKey[] }[] {
  const named = (name: string | undefined, ...path: PropertyKey[]) =>
    name === undefined ? [] : [{ name, path }];
  return [
    ...policy.stages.flatMap((stage, s) =>
      stage.groups.flatMap(({ group }, g) => named(group, 'stages', s, 'groups', g, 'group')),
    ),
    ...named(policy.escalation?.group, 'escalation', 'group'),
    ...named(policy.freezeOverride?.group, 'freezeOverride', 'group'),
    ...(policy.breakGlass?.groups ?? []).flatMap((name, i) => named(name, 'breakGlass', 'groups', i)),
    ...(policy.match.requesterGroup ?? []).flatMap((name, i) => named(name, 'match', 'requesterGroup', i)),
  ];
}

/** The members of the target's scope that a match names, and the short forms that name one a second time. */
export function scopeOfMatch({ scope = {}, region, instance }: WrittenMatch) {
  const { scope: whole, twice } = withShortForms(scope, { regionId: region, mqttInstanceId: instance });
  const shortForm = (member: string) => (member === 'regionId' ? 'region' : 'instance');
  return { scope: whole, twice: twice.map((member) => ({ field: shortForm(member), member })) };
}

/** What a policy of a file asks for, with its short forms in `scope`. */
export function compiledMatch(written: WrittenMatch): Match {
  const { region: _region, instance: _instance, ...match } = written;
  const { scope } = scopeOfMatch(written);
  return Object.keys(scope).length === 0 ? match : { ...match, scope };
}

/** A policy of a file as a change pins it, with the groups that it names and its digest. */
export function pinned(policy: WrittenPolicy, groups: PolicyDocument['groups']): PinnedPolicy {
  const { name, version, escalation, breakGlass, authentication } = policy;
  const reject: RejectRule =
    typeof policy.reject === 'string' ? { kind: policy.reject } : { kind: 'count', ...policy.reject };
  const named = [...new Set(groupsNamedBy(policy).map((group) => group.name))].sort();
  const sources = named.flatMap((group): [string, GroupSource][] => {
    const source = Object.hasOwn(groups, group) ? groups[group] : undefined;
    return source ? [[group, source]] : [];
  });
  const channels = policy.channels.map(channelOf);
  const members: Omit<PinnedPolicy, 'digest'> = {
    name,
    version,
    stages: policy.stages.map((stage) => ({
      name: stage.name,
      groups: stage.groups.map(({ group, threshold }) => ({ group: group ?? null, threshold })),
    })),
    reject,
    commentRequired: policy.commentRequired,
    decideWithinMs: durationMs(policy.decideWithin),
    executeWithinMs: durationMs(policy.executeWithin),
    remindersMs: policy.reminders.map(durationMs).sort((a, b) => a - b),
    escalation: escalation ? { afterMs: durationMs(escalation.after), group: escalation.group } : null,
    delegations: policy.delegations.map(({ from, to, since, until }) => ({
      from,
      to,
      since: isoTime(Date.parse(since)),
      until: isoTime(Date.parse(until)),
    })),
    windows: policy.windows,
    freezeOverride: policy.freezeOverride ?? null,
    precheck: policy.precheck,
    breakGlass: breakGlass
      ? {
          groups: breakGlass.groups,
          approvals: breakGlass.approvals,
          ...(breakGlass.reasons ? { reasons: breakGlass.reasons } : {}),
        }
      : null,
    standard: policy.standard,
    authentication: authentication
      ? {
          ...(authentication.methods ? { methods: authentication.methods } : {}),
          ...(authentication.maxAgeSeconds === undefined
            ? {}
            : { maxAgeSeconds: authentication.maxAgeSeconds }),
        }
      : null,
    ...(channels.length > 0 ? { channels } : {}),
    ticket: policy.ticket ? compiledTicket(policy.ticket) : null,
    groups: Object.fromEntries(sources),
  };
  return { ...members, digest: policyDigest(members, sha256) };
}

function compiledTicket(written: WrittenTicket): TicketRule {
  const { system, required, projects, table, types, states, sameTarget, window, approved } = written;
  return {
    system,
    required,
    projects: projects ?? (table === undefined ? null : [table]),
    types: types ?? null,
    states: states ?? null,
    sameTarget: typeof sameTarget === 'string' ? { field: sameTarget, member: null } : (sameTarget ?? null),
    window: window ?? null,
    approved,
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
