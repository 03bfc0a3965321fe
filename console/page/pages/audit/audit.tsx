import { useInfiniteQuery } from '@tanstack/preact-query';
import { Link, useLocation, useSearch } from 'wouter-preact';
import { appenderOfType } from '../../../../domain/entry.ts';
import type { EventType } from '../../../../domain/entry.ts';
import type { Entry, Page } from '../../answers.ts';
import { EntryLine } from '../../entry-line.tsx';
import { Fetched } from '../../fetched.tsx';
import { TextFields, textsOf, TimeFields } from '../../filters.tsx';
import { callApi } from '../../http.ts';
import { may, useMe } from '../../me.ts';
import { More } from '../../more.tsx';
import { usePreferences, useWords } from '../../preferences.tsx';
import { useTitle } from '../../title.ts';
import { momentIn } from '../../zoned-time.ts';
import { EntryBytes } from './entry-bytes.tsx';

const texts = ['changeId', 'actor', 'outcome', 'requestId'] as const;
const times = ['timeFrom', 'timeTo'] as const;

/** The log's entries. Each query is recorded, so nothing is asked before somebody asks it, and nothing again by itself. */
export function Audit() {
  const words = useWords();
  const say = words.audit;
  const search = useSearch();
  const { data: me } = useMe();
  useTitle(say.title);
  return (
    <>
      <h1>{say.title}</h1>
      <p>{say.isRecorded}</p>
      {me !== undefined && !may(me, 'get', '/v1/audit/entries') ? (
        <p class="block warn">{say.auditorsOnly}</p>
      ) : (
        <>
          <Filters key={search} filter={Object.fromEntries(new URLSearchParams(search))} />
          {search !== '' && <Entries key={search} search={search} />}
        </>
      )}
    </>
  );
}

function Entries({ search }: { readonly search: string }) {
  const words = useWords();
  const say = words.audit;
  const query = useInfiniteQuery({
    queryKey: ['audit', search],
    queryFn: ({ pageParam, signal }) => {
      const asked = new URLSearchParams(search);
      asked.delete('all');
      if (pageParam !== null) asked.set('cursor', pageParam);
      return callApi<Page<Entry>>(`/v1/audit/entries?${asked}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    retry: false,
  });
  return (
    <section aria-label={say.entries}>
      <Fetched query={query}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <p class="empty">{say.nothing}</p>;
          return (
            <ol class="timeline">
              {items.map((entry) => (
                <li key={entry.key}>
                  <EntryLine entry={entry} />
                  {typeof entry['changeId'] === 'string' && (
                    <p>
                      <Link href={`/audit/changes/${entry['changeId']}`}>{say.itsChange}</Link>
                    </p>
                  )}
                  <EntryBytes entry={entry} />
                </li>
              ))}
            </ol>
          );
        }}
      </Fetched>
      <More query={query} />
    </section>
  );
}

function Filters({ filter }: { readonly filter: Readonly<Record<string, string>> }) {
  const words = useWords();
  const say = words.audit.filters;
  const { zone } = usePreferences();
  const [, navigate] = useLocation();
  const go = (form: HTMLFormElement) => {
    const text = textsOf(form);
    const query = new URLSearchParams();
    for (const name of ['type', ...texts]) if (text(name) !== '') query.set(name, text(name));
    for (const name of times) {
      const moment = momentIn(text(name), zone);
      if (moment !== null) query.set(name, moment);
    }
    // Without any filter it is all of them, and that was asked for, too.
    if (query.size === 0) query.set('all', '1');
    navigate(`/audit?${query}`);
  };
  return (
    <section>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          go(event.currentTarget);
        }}
      >
        <div class="filters">
          <label>
            <span>{say.type}</span>
            <select name="type">
              <option value="">{words.changes.filters.any}</option>
              {(Object.keys(appenderOfType) as EventType[]).map((type) => (
                <option key={type} value={type} selected={filter['type'] === type}>
                  {words.entries[type]} ({type})
                </option>
              ))}
            </select>
          </label>
          <TextFields names={texts} labels={say} filter={filter} />
          <TimeFields names={times} labels={say} filter={filter} />
        </div>
        <button type="submit" class="main">
          {say.ask}
        </button>
      </form>
    </section>
  );
}
