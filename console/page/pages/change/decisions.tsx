import type { Person } from '../../../../domain/person.ts';
import type { ChangeView } from '../../answers.ts';
import { Moment } from '../../moment.tsx';
import { PersonName } from '../../person-name.tsx';
import { useWords } from '../../preferences.tsx';
import { Said } from '../../text.tsx';

/** Who has decided how, and which of it counts. */
export function Decisions({ change }: { readonly change: ChangeView }) {
  const words = useWords();
  const say = words.decisions;
  const { decisions, review } = change;
  if (decisions.length === 0 && review === null) return null;
  return (
    <section aria-labelledby="decisions">
      <h2 id="decisions">{say.title}</h2>
      <ul class="items">
        {decisions.map(({ decision, person, comment, at, stage, round, counts }) => (
          <li class="item" key={`${person.issuer} ${person.subject} ${round}`}>
            <p>
              <span class={`mark ${decision === 'approve' ? 'good' : 'bad'}`}>{say[decision]}</span>{' '}
              <PersonName person={person as Person} />
            </p>
            {comment !== '' && <Said text={comment} lines />}
            <p class="beside">
              <Moment at={at} exact /> · {say.place(stage, round)}
              {!counts && <strong> · {say.countsNoMore}</strong>}
            </p>
          </li>
        ))}
        {review !== null && (
          <li class="item">
            <p>
              <span class="mark good">{words.reviewStatus.signed}</span>{' '}
              <PersonName person={review.person as Person} />
            </p>
            <Said text={review.comment} lines />
            <p class="beside">
              <Moment at={review.at} exact />
            </p>
          </li>
        )}
      </ul>
    </section>
  );
}
