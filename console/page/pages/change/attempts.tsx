import type { ChangeView } from '../../answers.ts';
import { Fact, Facts } from '../../facts.tsx';
import { Moment } from '../../moment.tsx';
import { useFormats, useWords } from '../../preferences.tsx';
import { Code, Said } from '../../text.tsx';

type Attempt = ChangeView['attempts'][number];

/** Every call, with the vendor's RequestId, and what came of it all. */
export function Attempts({ change }: { readonly change: ChangeView }) {
  const words = useWords();
  const say = words.attempts;
  const { attempts, outcome } = change;
  if (attempts.length === 0 && outcome === null) return null;
  return (
    <section aria-labelledby="attempts">
      <h2 id="attempts">{say.title}</h2>
      <ol class="items">
        {attempts.map((attempt) => (
          <AttemptItem key={attempt.ordinal} attempt={attempt} />
        ))}
      </ol>
      {outcome !== null && (
        <>
          <h3>{say.outcome}</h3>
          <Facts>
            <Fact name={say.code}>
              <Code text={outcome.code} />
            </Fact>
            <Fact name={say.message}>
              <Said text={outcome.message} />
            </Fact>
            {outcome.requestId !== null && (
              <Fact name="RequestId">
                <Code text={outcome.requestId} />
              </Fact>
            )}
            <Fact name={say.at}>
              <Moment at={outcome.at} exact />
            </Fact>
          </Facts>
          {outcome.reconciled && <p>{say.reconciled}</p>}
        </>
      )}
    </section>
  );
}

function AttemptItem({ attempt }: { readonly attempt: Attempt }) {
  const words = useWords();
  const formats = useFormats();
  const say = words.attempts;
  const { ordinal, outcome, startedAt, sentAt, endedAt, code, httpStatus, message, requestId } = attempt;
  const tone = { open: 'calm', succeeded: 'good', failed: 'bad', unknown: 'warn' }[outcome];
  return (
    <li class="item">
      <p>
        {say.number(ordinal)} <span class={`mark ${tone}`}>{say.outcomes[outcome]}</span>
      </p>
      <Facts>
        <Fact name={say.started}>
          <Moment at={startedAt} exact />
        </Fact>
        {endedAt !== null && (
          <Fact name={say.took}>
            {formats.duration(Date.parse(endedAt) - Date.parse(sentAt ?? startedAt))}
          </Fact>
        )}
        {httpStatus !== null && <Fact name="HTTP">{httpStatus}</Fact>}
        {code !== null && (
          <Fact name={say.code}>
            <Code text={code} />
          </Fact>
        )}
        {attempt.class !== null && <Fact name={say.class}>{say.classSentence(attempt.class)}</Fact>}
        {message !== null && (
          <Fact name={say.message}>
            <Said text={message} />
          </Fact>
        )}
        {requestId !== null && (
          <Fact name="RequestId">
            <Code text={requestId} />
          </Fact>
        )}
      </Facts>
    </li>
  );
}
