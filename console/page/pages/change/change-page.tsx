import { useQueryClient } from '@tanstack/preact-query';
import { Link } from 'wouter-preact';
import type { ChangeView } from '../../answers.ts';
import { CallError } from '../../http.ts';
import { Fetched } from '../../fetched.tsx';
import { useVerdict } from '../../use-verdict.ts';
import { useLive } from '../../live.ts';
import { useFormats, useWords } from '../../preferences.tsx';
import { changeKey, useChange } from '../../queries.ts';
import { usePerson } from '../../session.ts';
import { StatusMark } from '../../status-mark.tsx';
import { Said } from '../../text.tsx';
import { useNow } from '../../ticking.ts';
import { useTitle } from '../../title.ts';
import type { Words } from '../../words/en.ts';
import { NotHere } from '../not-here.tsx';
import { Actions } from './actions.tsx';
import { Asked } from './asked.tsx';
import { Attempts } from './attempts.tsx';
import { Decisions } from './decisions.tsx';
import { Digest } from './digest.tsx';
import { PolicyOf } from './policy.tsx';
import { standingOf } from './standing.ts';
import { TargetAsRead } from './target.tsx';
import { TicketRead } from './ticket-read.tsx';
import { Timeline } from './timeline.tsx';

/** One change: where it stands, what is asked, what was read, who decides, what was called; and what the person may do. */
export function ChangePage({ id }: { readonly id: string }) {
  const query = useChange(id);
  if (query.error instanceof CallError && query.error.status === 404) return <NotHere />;
  return <Fetched query={query}>{(change) => <Loaded change={change} />}</Fetched>;
}

function Loaded({ change }: { readonly change: ChangeView }) {
  const words = useWords();
  const formats = useFormats();
  const client = useQueryClient();
  const now = useNow();
  const me = usePerson();
  const { verdict, intact } = useVerdict(change);
  const live = useLive(change.id, () => {
    // What has ended stays as it is, but for the review that it may owe.
    const isOver = change.closedAt !== null && change.reviewStatus !== 'owed';
    if (!isOver) void client.invalidateQueries({ queryKey: changeKey(change.id) });
  });
  useTitle(`${change.operation} ${change.target.label}`);
  return (
    <article class="change">
      <header>
        <p class="marks">
          <StatusMark change={change} />
          {change.breakGlass && <span class="mark bad">{words.change.breakGlass}</span>}
        </p>
        <h1>
          <Said text={change.operation} />{' '}
          <span class="target">
            <Said text={change.target.label} />
          </span>
        </h1>
        <p class="standing">
          {standingOf(change, words, formats, now)}
          {change.waitsFor && (
            <>
              {' '}
              <Said text={change.waitsFor.reason} />
            </>
          )}
        </p>
        {change.stop && (
          <p>
            {stopText(words, change.stop.action)} <Said text={change.stop.by.name} />
            {change.stop.comment !== '' && (
              <>
                : <Said text={change.stop.comment} />
              </>
            )}
          </p>
        )}
      </header>
      <Asked change={change} />
      <TargetAsRead change={change} entries={live.entries} me={me} />
      <TicketRead read={change.ticketRead} />
      <PolicyOf change={change} />
      <Decisions change={change} />
      <Digest change={change} verdict={verdict} />
      {intact !== null && me !== null && <Actions change={intact} me={me} />}
      <Attempts change={change} />
      <Timeline entries={live.entries} state={live.state} />
      <p>
        <Link href={`/audit/changes/${change.id}`}>{words.change.audit}</Link>
      </p>
    </article>
  );
}

function stopText({ change: { stopped } }: Words, action: string): string {
  return Object.hasOwn(stopped, action) ? stopped[action as keyof typeof stopped] : action;
}
