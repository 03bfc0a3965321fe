import { Link } from 'wouter-preact';
import type { PinnedPolicy } from '../../domain/policy.ts';
import type { Explanation } from './answers.ts';
import { Moment } from './moment.tsx';
import { PolicyRules } from './policy-rules.tsx';
import { useWords } from './preferences.tsx';
import { Code, Said } from './text.tsx';
import { codeSentence } from './words/code-sentence.ts';

/** Which policy would hold for a change now, why, who may fill each seat, and when it could run. */
export function ExplanationView({ explanation }: { readonly explanation: Explanation }) {
  const words = useWords();
  const say = words.explanation;
  const { tried, policy, stages, verdict, window, freezes, refusal, mayBreakGlass } = explanation;
  return (
    <>
      <p class={`block ${verdict === 'satisfiable' ? 'good' : verdict === 'unknown' ? 'warn' : 'bad'}`}>
        {say.verdicts[verdict]}
      </p>
      {refusal !== null && (
        <p class="block bad">
          {say.refusal} {codeSentence(words, refusal.code) ?? <Said text={refusal.message} />}{' '}
          <Code text={refusal.code} />
          {refusal.changeId !== null && (
            <>
              {' '}
              <Link href={`/changes/${refusal.changeId}`}>{say.holder}</Link>
            </>
          )}
        </p>
      )}
      <h3>{say.why}</h3>
      <ol>
        {tried.map(({ policy: name, version, unmet }) => (
          <li key={`${name} ${version}`}>
            <Said text={name} /> {words.policy.version} <Said text={version} />:{' '}
            {unmet === null ? <strong>{say.matches}</strong> : say.passedOver(say.mismatch(unmet))}
          </li>
        ))}
      </ol>
      {stages.length > 0 && (
        <>
          <h3>{say.seats}</h3>
          <ul>
            {stages.flatMap(({ stage, seats }) =>
              seats.map(({ group, threshold, people }) => (
                <li key={`${stage} ${group}`}>
                  <Said text={stage} />:{' '}
                  {words.seats.of(
                    threshold,
                    group === null ? words.seats.anyApprover : words.seats.group(group),
                  )}
                  {' — '}
                  {people === null ? (
                    <span class="beside">{group === null ? say.whoeverHasTheRole : say.whoeverIsIn}</span>
                  ) : people.length === 0 ? (
                    say.nobody
                  ) : (
                    <Said text={people.map(({ subject }) => subject).join(', ')} />
                  )}
                </li>
              )),
            )}
          </ul>
        </>
      )}
      <h3>{say.when}</h3>
      <ul>
        <li>
          {window === null ? (
            say.anyTime
          ) : (
            <>
              {window.open ? say.windowOpen : say.windowClosed}
              {window.changes !== null && (
                <>
                  {' '}
                  {window.open ? say.until : say.opens} <Moment at={window.changes} />
                </>
              )}
              {window.problem !== null && (
                <>
                  {' '}
                  <Said text={window.problem} />
                </>
              )}
            </>
          )}
        </li>
        {freezes.map(({ id, reason, startsAt, endsAt, inForce }) => (
          <li key={id}>
            {inForce ? say.frozen : say.willBeFrozen} <Said text={reason} />: <Moment at={startsAt} /> –{' '}
            {endsAt === null ? words.freezes.noEnd : <Moment at={endsAt} />}
          </li>
        ))}
      </ul>
      {mayBreakGlass !== null && <p>{mayBreakGlass ? say.mayBreakGlass : say.mayNotBreakGlass}</p>}
      {policy !== null && (
        <details>
          <summary>{say.policy}</summary>
          <PolicyRules policy={policy as PinnedPolicy} />
        </details>
      )}
    </>
  );
}
