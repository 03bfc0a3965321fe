import type { PinnedPolicy, RejectRule, TicketRule } from '../../domain/policy.ts';
import { Fact, Facts } from './facts.tsx';
import { useFormats, useWords } from './preferences.tsx';
import { Code, Said } from './text.tsx';
import type { Words } from './words/en.ts';

/** What a policy says: who must agree, and the rest of its rules without its defaults. */
export function PolicyRules({ policy }: { readonly policy: PinnedPolicy }) {
  const words = useWords();
  const formats = useFormats();
  const say = words.policy;
  const {
    stages,
    authentication,
    escalation,
    freezeOverride,
    windows,
    channels = [],
    ticket,
    remindersMs,
  } = policy;
  return (
    <Facts>
      <Fact name={say.name}>
        <Said text={policy.name} /> {say.version} <Said text={policy.version} />
      </Fact>
      <Fact name={say.stages}>
        {policy.standard ? (
          say.standard
        ) : (
          <ol>
            {stages.map(({ name, groups }) => (
              <li key={name}>
                <Said text={name} />:{' '}
                {groups
                  .map(({ group, threshold }) =>
                    words.seats.of(
                      threshold,
                      group === null ? words.seats.anyApprover : words.seats.group(group),
                    ),
                  )
                  .join(words.seats.between)}
              </li>
            ))}
          </ol>
        )}
      </Fact>
      {!policy.standard && <Fact name={say.reject}>{rejectText(words, policy.reject)}</Fact>}
      {policy.commentRequired !== 'never' && (
        <Fact name={say.comment}>{say.comments[policy.commentRequired]}</Fact>
      )}
      {authentication?.methods && (
        <Fact name={say.login}>
          <Said text={authentication.methods.join(words.policy.or)} />
        </Fact>
      )}
      {authentication?.maxAgeSeconds !== undefined && (
        <Fact name={say.loginAge}>{formats.duration(authentication.maxAgeSeconds * 1000)}</Fact>
      )}
      <Fact name={say.decideWithin}>{formats.duration(policy.decideWithinMs)}</Fact>
      <Fact name={say.executeWithin}>{formats.duration(policy.executeWithinMs)}</Fact>
      {windows.length > 0 && (
        <Fact name={say.windows}>
          <ul>
            {windows.map(({ cron, durationMinutes, timeZone, holidays }) => (
              <li key={`${cron} ${timeZone}`}>
                <Code text={cron} /> {say.window(formats.duration(durationMinutes * 60_000), timeZone)}
                {holidays.length > 0 && <> {say.holidays(holidays.join(', '))}</>}
              </li>
            ))}
          </ul>
        </Fact>
      )}
      {freezeOverride && (
        <Fact name={say.freezeOverride}>
          <Said text={freezeOverride.group} />
        </Fact>
      )}
      {escalation && (
        <Fact name={say.escalation}>
          {say.escalates(formats.duration(escalation.afterMs), escalation.group)}
        </Fact>
      )}
      {remindersMs.length > 0 && (
        <Fact name={say.reminders}>{remindersMs.map((ms) => formats.duration(ms)).join(', ')}</Fact>
      )}
      {policy.delegations.length > 0 && (
        <Fact name={say.delegations}>
          <ul>
            {policy.delegations.map(({ from, to, since, until }) => (
              <li key={`${from.subject} ${to.subject} ${since}`}>
                {say.delegates(from.subject, to.subject, formats.moment(since), formats.moment(until))}
              </li>
            ))}
          </ul>
        </Fact>
      )}
      {policy.breakGlass && (
        <Fact name={say.breakGlass}>
          {say.breaksGlass(policy.breakGlass.groups.join(', '), policy.breakGlass.approvals)}
        </Fact>
      )}
      {channels.length > 0 && (
        <Fact name={say.channels}>
          <Said
            text={channels
              .map(({ name, mode }) => (mode === 'decide' ? name : say.rejectOnly(name)))
              .join(', ')}
          />
        </Fact>
      )}
      {ticket && (
        <Fact name={say.ticket}>
          <Said text={ticketText(words, ticket)} />
        </Fact>
      )}
      {policy.precheck === 'advisory' && <Fact name={say.precheck}>{say.advisory}</Fact>}
      {Object.keys(policy.groups).length > 0 && (
        <Fact name={say.groups}>
          <ul>
            {Object.entries(policy.groups).map(([name, group]) => (
              <li key={name}>
                <Said text={name} />: {words.me.sources[group.source]}
                {group.source === 'members' && (
                  <>
                    {' ('}
                    <Said text={group.members.map(({ subject }) => subject).join(', ')} />)
                  </>
                )}
              </li>
            ))}
          </ul>
        </Fact>
      )}
      <Fact name={say.digest}>
        <Code text={policy.digest} />
      </Fact>
    </Facts>
  );
}

function rejectText({ policy: say }: Words, rule: RejectRule): string {
  switch (rule.kind) {
    case 'any':
      return say.rejects.any;
    case 'count':
      return say.rejects.count(rule.count);
    case 'majority':
      return say.rejects.majority;
  }
}

/** What is asked of the ticket, in the words of its policy. */
function ticketText({ policy: { tickets: say, or } }: Words, rule: TicketRule): string {
  const { system, required, projects, types, states, sameTarget, window, approved } = rule;
  const asked = [
    ...(projects ? [say.projects(projects.join(or))] : []),
    ...(types ? [say.types(types.join(or))] : []),
    states ? say.states(states.join(or)) : say.open,
    ...(sameTarget ? [say.sameTarget(sameTarget.field, sameTarget.member ?? 'id')] : []),
    ...(window ? [say.window(window.start, window.end)] : []),
    ...(approved ? [say.approved] : []),
  ];
  return say.of(system, required, asked.join(', '));
}
