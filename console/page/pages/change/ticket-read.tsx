import type { ChangeView } from '../../answers.ts';
import { Fact, Facts } from '../../facts.tsx';
import { Moment } from '../../moment.tsx';
import { useWords } from '../../preferences.tsx';
import { Code, Said } from '../../text.tsx';
import { codeSentence } from '../../words/code-sentence.ts';

/** What was read of the change's ticket, and what its policy makes of it. The digest does not cover it. */
export function TicketRead({ read }: { readonly read: ChangeView['ticketRead'] }) {
  const words = useWords();
  const say = words.ticket;
  if (read === null) return null;
  const { at, point, verdict, message, ticket } = read;
  return (
    <section aria-labelledby="ticket">
      <h2 id="ticket">{say.title}</h2>
      {ticket === null ? (
        <p>{say.notThere}</p>
      ) : (
        <Facts>
          <Fact name={say.key}>
            <Said text={`${ticket.system} ${ticket.key}`} />
          </Fact>
          <Fact name={say.summary}>
            <Said text={ticket.summary} />
          </Fact>
          <Fact name={say.state}>
            <Said text={ticket.state} /> ({say.phases[ticket.phase]}
            {ticket.onHold && `, ${say.onHold}`})
          </Fact>
          <Fact name={say.type}>
            <Said text={`${ticket.type}, ${ticket.project}`} />
          </Fact>
          {Object.entries(ticket.fields).map(([name, value]) => (
            <Fact key={name} name={name}>
              {value === null ? words.change.none : <Said text={value} />}
            </Fact>
          ))}
        </Facts>
      )}
      {verdict === null ? (
        <p class="good">✓ {say.asAsked}</p>
      ) : (
        <p class="block warn">
          {codeSentence(words, verdict) ?? <Said text={message ?? verdict} />} <Code text={verdict} />
        </p>
      )}
      <p class="beside">
        {say.points[point]} <Moment at={at} exact />
      </p>
    </section>
  );
}
