import { useTitle } from '../title.ts';
import { ChangeItem } from '../change-item.tsx';
import type { ListedChange } from '../answers.ts';
import { Fetched } from '../fetched.tsx';
import { Moment } from '../moment.tsx';
import { useWords } from '../preferences.tsx';
import { useChanges } from '../queries.ts';
import { seatsText } from '../seats.ts';
import { useSession } from '../session.ts';
import { Link } from 'wouter-preact';

/** What waits for the person: decisions, their own changes, reviews that are owed. */
export function Home() {
  const words = useWords();
  const { data: session } = useSession();
  const awaiting = useChanges({ awaiting: 'me' });
  const count = awaiting.data?.pages.flatMap(({ items }) => items).length ?? 0;
  const hasMore = awaiting.hasNextPage;
  useTitle(count === 0 ? words.home.title : `(${count}${hasMore ? '+' : ''}) ${words.home.title}`);
  return (
    <>
      <h1>{words.home.title}</h1>
      <List title={words.home.awaiting} empty={words.home.nothingAwaits} query={awaiting}>
        {(change) => <Waits change={change} />}
      </List>
      {session && <Own subject={session.person.subject} issuer={session.person.issuer} />}
      <Owed />
    </>
  );
}

/** What one who may decide has to know before they open it. */
function Waits({ change }: { readonly change: ListedChange }) {
  const words = useWords();
  return (
    <p>
      {words.change.decideBy} <Moment at={change.decideBy} />
      <br />
      {seatsText(words, change.missing)}
    </p>
  );
}

function Own({ subject, issuer }: { readonly subject: string; readonly issuer: string }) {
  const words = useWords();
  const query = useChanges({ requester: subject }, 10);
  return (
    <List
      title={words.home.own}
      empty={words.home.nothingAsked}
      query={query}
      // The filter knows the subject alone; another issuer's person may have the same.
      isOne={({ requester }) => requester.issuer === issuer}
      more={`/changes?${new URLSearchParams({ requester: subject })}`}
    />
  );
}

function Owed() {
  const words = useWords();
  const query = useChanges({ reviewStatus: 'owed' }, 10);
  return (
    <List
      title={words.home.owed}
      empty={words.home.nothingOwed}
      query={query}
      more="/changes?reviewStatus=owed"
    />
  );
}

function List(props: {
  readonly title: string;
  readonly empty: string;
  readonly query: ReturnType<typeof useChanges>;
  readonly isOne?: (change: ListedChange) => boolean;
  readonly more?: string;
  readonly children?: (change: ListedChange) => preact.ComponentChildren;
}) {
  const { title, empty, query, isOne = () => true, more, children } = props;
  const words = useWords();
  return (
    <section>
      <h2>{title}</h2>
      <Fetched query={query}>
        {(data) => {
          const items = data.pages.flatMap((page) => page.items).filter(isOne);
          if (items.length === 0) return <p class="empty">{empty}</p>;
          return (
            <>
              <ul class="items">
                {items.map((change) => (
                  <ChangeItem key={change.id} change={change}>
                    {children?.(change)}
                  </ChangeItem>
                ))}
              </ul>
              {query.hasNextPage && more !== undefined && (
                <p>
                  <Link href={more}>{words.states.all}</Link>
                </p>
              )}
            </>
          );
        }}
      </Fetched>
    </section>
  );
}
