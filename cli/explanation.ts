import { durationText } from '../domain/duration.ts';
import type { PinnedPolicy, RejectRule, TicketRule } from '../domain/policy.ts';
import type { Explanation } from '../policies/explain.ts';

const verdicts = {
  satisfiable: 'satisfiable: those who are listed can fill every seat',
  unsatisfiable: 'unsatisfiable: nobody can fill every seat; it would be refused',
  unknown: 'unknown: not all who may decide are listed; only their tokens say who they are',
  no_policy: 'no policy is for this change: it would be refused',
} as const satisfies Record<Explanation['verdict'], string>;

/** What a policy says of a change, for somebody who has to know now. @param breakGlass - whether it was asked as an emergency */
export function explanationLines(explanation: Explanation, breakGlass: boolean): string[] {
  const { tried, policy, verdict, missing, mayBreakGlass, window } = explanation;
  const lines = tried.map(({ policy: name, version, unmet }) =>
    unmet === null
      ? line('matches', `${name} version ${version}`)
      : line('passed over', `${name} version ${version}: not its ${unmet}`),
  );
  if (policy === null) return [...lines, line('verdict', verdicts[verdict])];
  lines.push(line('digest', policy.digest), ...stageLines(explanation, policy), ...ruleLines(policy));
  if (window) {
    const { open, changes } = window;
    const when = changes === null ? '' : open ? ` until ${changes}` : `, opens ${changes}`;
    lines.push(line('window', `${open ? 'open' : 'closed'}${when}`));
    if (window.problem !== null) lines.push(line('broken', window.problem));
  }
  lines.push(line('verdict', verdicts[verdict]));
  for (const { stage, group, seats } of missing) {
    lines.push(line('missing', `${seats} of ${group ?? 'any approver'} in ${stage}`));
  }
  if (mayBreakGlass !== null) {
    const after = policy.breakGlass?.approvals === 0 ? 'nobody has approved' : 'one of them has approved';
    const reasons = policy.breakGlass?.reasons?.join(', ');
    const why = reasons === undefined ? '' : `, justified by one of: ${reasons}`;
    const who = mayBreakGlass ? 'the requester may' : 'the requester may not';
    lines.push(line('break-glass', `${who}: it runs once ${after}${why}`));
  } else if (breakGlass) lines.push(line('break-glass', 'this policy allows none: it would be refused'));
  return lines;
}

function stageLines({ stages }: Explanation, policy: PinnedPolicy): string[] {
  if (policy.standard) return [line('standard', 'nobody is asked; windows and freezes hold')];
  return stages.flatMap(({ stage, seats }) =>
    seats.map(({ group, threshold, people }) => {
      const unlisted = group === null ? 'whoever has the role' : 'whoever’s token names the group';
      const known = people?.map(({ subject }) => subject).join(', ') ?? unlisted;
      return line('stage', `${stage}: ${threshold} of ${group ?? 'any approver'}: ${known || 'nobody'}`);
    }),
  );
}

/** The policy's further rules, without its defaults. */
function ruleLines(policy: PinnedPolicy): string[] {
  const { escalation, authentication, freezeOverride, remindersMs, commentRequired, reject } = policy;
  const lines = [
    line(
      'clocks',
      `decide within ${durationText(policy.decideWithinMs)}, call within ${durationText(policy.executeWithinMs)} of the approval`,
    ),
  ];
  if (!policy.standard) lines.push(line('a reject', rejectWords(reject)));
  if (commentRequired !== 'never') {
    lines.push(line('a comment', `with each ${commentRequired === 'always' ? 'decision' : 'reject'}`));
  }
  if (remindersMs.length > 0)
    lines.push(line('reminders', `after ${remindersMs.map(durationText).join(', ')}`));
  if (escalation)
    lines.push(line('escalation', `after ${durationText(escalation.afterMs)} to ${escalation.group}`));
  const { channels = [] } = policy;
  if (channels.length > 0) {
    const named = channels.map(({ name, mode }) => (mode === 'decide' ? name : `${name} (rejections only)`));
    lines.push(line('channels', named.join(', ')));
  }
  const { methods, maxAgeSeconds } = authentication ?? {};
  if (methods) lines.push(line('a login', `by ${methods.join(' or ')}`));
  if (maxAgeSeconds !== undefined)
    lines.push(line('a login', `of the last ${durationText(maxAgeSeconds * 1000)}`));
  if (freezeOverride) lines.push(line('in a freeze', `members of ${freezeOverride.group} may let it run`));
  if (policy.ticket) lines.push(...ticketLines(policy.ticket));
  if (policy.precheck === 'advisory')
    lines.push(line('precheck', 'advisory: what it finds is shown, no more'));
  return lines;
}

/** What is asked of the ticket, in the words of its policy. */
function ticketLines(rule: TicketRule): string[] {
  const { system, required, projects, types, states, sameTarget, window, approved } = rule;
  const asked = [
    ...(projects ? [`in ${projects.join(' or ')}`] : []),
    ...(types ? [`of type ${types.join(' or ')}`] : []),
    states ? `in state ${states.join(' or ')}` : 'open',
    ...(sameTarget ? [`with the target's ${sameTarget.member ?? 'id'} in ${sameTarget.field}`] : []),
    ...(window ? [`planned for now by ${window.start} and ${window.end}`] : []),
    ...(approved ? ['approved there'] : []),
  ];
  const need = required ? 'needed' : 'if one is named';
  return [line('a ticket', `of ${system}, ${need}: ${asked.join(', ')}`)];
}

function rejectWords(rule: RejectRule): string {
  if (rule.kind === 'any') return 'ends it';
  if (rule.kind === 'count') return `ends it with ${rule.count - 1} more`;
  return 'ends it with those of more than half of the open stage’s seats';
}

function line(what: string, text: string): string {
  return `${what.padEnd(11)} ${text}`;
}
