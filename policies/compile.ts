import { createHash } from 'node:crypto';
import { durationMs } from '../domain/duration.ts';
import type { GroupSource, PinnedPolicy, RejectRule } from '../domain/policy.ts';
import { policyDigest } from '../domain/policy-digest.ts';
import { isoTime } from '../domain/time.ts';
import type { PolicyDocument, WrittenPolicy } from './document.ts';

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
    groups: Object.fromEntries(sources),
  };
  return { ...members, digest: policyDigest(members, sha256) };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
