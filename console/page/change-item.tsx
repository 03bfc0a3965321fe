import { attributedName } from '../../domain/person.ts';
import type { ComponentChildren } from 'preact';
import { Link } from 'wouter-preact';
import type { ListedChange } from './answers.ts';
import { Moment } from './moment.tsx';
import { useWords } from './preferences.tsx';
import { StatusMark } from './status-mark.tsx';
import { Said } from './text.tsx';

/** A change of a list: what is asked, of what, by whom and why. It opens the change, and decides nothing. */
export function ChangeItem({
  change,
  children,
}: {
  readonly change: ListedChange;
  readonly children?: ComponentChildren;
}) {
  const words = useWords();
  const { id, operation, target, requester, justification, breakGlass, submittedAt, ticket } = change;
  return (
    <li class="item">
      <h3>
        <Link href={`/changes/${id}`}>
          <Said text={operation} />{' '}
          <span class="target">
            <Said text={target.label === '' ? target.id : target.label} />
          </span>
        </Link>
      </h3>
      <p class="marks">
        <StatusMark change={change} />
        {breakGlass && <span class="mark bad">{words.change.breakGlass}</span>}
      </p>
      <p class="clipped">
        <Said text={justification} />
      </p>
      <p class="beside">
        <Said text={attributedName(requester)} />
        {ticket !== null && (
          <>
            {' · '}
            <Said text={`${ticket.system} ${ticket.id}`} />
          </>
        )}
        {' · '}
        {words.change.submitted} <Moment at={submittedAt} />
      </p>
      {children}
    </li>
  );
}
