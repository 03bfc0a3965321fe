import { useLocation, useSearch } from 'wouter-preact';
import { decisionStatuses, executionStatuses, reviewStatuses } from '../../../domain/status.ts';
import { ChangeItem } from '../change-item.tsx';
import { Fetched } from '../fetched.tsx';
import { TextFields, textsOf, TimeFields } from '../filters.tsx';
import { More } from '../more.tsx';
import { usePreferences, useWords } from '../preferences.tsx';
import { useChanges, useOperations } from '../queries.ts';
import { useTitle } from '../title.ts';
import { momentIn } from '../zoned-time.ts';
import { inputMembersOf } from './new-change/input-fields.ts';

/** Every change that the person may see, by filters that stand in the address: a list can be kept and sent around. */
export function Changes() {
  const words = useWords();
  const search = useSearch();
  const filter = Object.fromEntries(new URLSearchParams(search));
  const query = useChanges(filter);
  useTitle(words.nav.changes);
  return (
    <>
      <h1>{words.nav.changes}</h1>
      <Filters key={search} filter={filter} />
      <section aria-label={words.nav.changes}>
        <Fetched query={query}>
          {({ pages }) => {
            const items = pages.flatMap((page) => page.items);
            return (
              <>
                {items.length === 0 && <p class="empty">{words.changes.nothing}</p>}
                <ul class="items">
                  {items.map((change) => (
                    <ChangeItem key={change.id} change={change} />
                  ))}
                </ul>
                <More query={query} />
              </>
            );
          }}
        </Fetched>
      </section>
    </>
  );
}

const times = ['submittedFrom', 'submittedTo'] as const;
const texts = ['requester', 'ticket', 'requestId'] as const;
const ticks = ['awaiting', 'decidedBy'] as const;

function Filters({ filter }: { readonly filter: Readonly<Record<string, string>> }) {
  const words = useWords();
  const say = words.changes.filters;
  const { zone } = usePreferences();
  const [, navigate] = useLocation();
  const operations = useOperations().data?.items ?? [];
  const members = [...new Set(operations.flatMap(({ input }) => inputMembersOf(input)))];
  const scope = Object.entries(filter).find(([name]) => name.startsWith('scope.'));
  const go = (form: HTMLFormElement) => {
    const text = textsOf(form);
    const query = new URLSearchParams();
    const put = (name: string, value: string | null) => {
      if (value !== null && value !== '') query.set(name, value);
    };
    for (const name of [
      'decisionStatus',
      'executionStatus',
      'reviewStatus',
      'operation',
      ...texts,
      ...ticks,
    ]) {
      put(name, text(name));
    }
    for (const name of times) put(name, momentIn(text(name), zone));
    if (text('member') !== '') put(`scope.${text('member')}`, text('value'));
    navigate(query.size === 0 ? '/changes' : `/changes?${query}`);
  };
  return (
    <section>
      <details open={Object.keys(filter).length > 0}>
        <summary>{say.title}</summary>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            go(event.currentTarget);
          }}
        >
          <div class="filters">
            <Choice
              name="decisionStatus"
              label={say.decisionStatus}
              value={filter['decisionStatus']}
              words={words.decisionStatus}
              options={decisionStatuses}
            />
            <Choice
              name="executionStatus"
              label={say.executionStatus}
              value={filter['executionStatus']}
              words={words.executionStatus}
              options={executionStatuses}
            />
            <Choice
              name="reviewStatus"
              label={say.reviewStatus}
              value={filter['reviewStatus']}
              words={words.reviewStatus}
              options={reviewStatuses}
            />
            <Choice
              name="operation"
              label={say.operation}
              value={filter['operation']}
              options={operations.map(({ name }) => name)}
            />
            <Choice
              name="member"
              label={say.member}
              value={scope?.[0].slice('scope.'.length)}
              options={members}
            />
            <label>
              <span>{say.value}</span>
              <input name="value" dir="auto" defaultValue={scope?.[1] ?? ''} />
            </label>
            <TextFields names={texts} labels={say} filter={filter} />
            <TimeFields names={times} labels={say} filter={filter} />
          </div>
          {ticks.map((name) => (
            <label key={name} class="tick">
              <input type="checkbox" name={name} value="me" defaultChecked={filter[name] === 'me'} />
              {say[name]}
            </label>
          ))}
          <p class="buttons">
            <button type="submit" class="main">
              {say.apply}
            </button>
            <button type="button" onClick={() => navigate('/changes')}>
              {say.clear}
            </button>
          </p>
        </form>
      </details>
    </section>
  );
}

function Choice<T extends string>(props: {
  readonly name: string;
  readonly label: string;
  readonly value: string | undefined;
  readonly options: readonly T[];
  /** What each is called; by its own name where there is none. */
  readonly words?: Readonly<Record<T, string>>;
}) {
  const { name, label, value = '', options, words } = props;
  const say = useWords().changes.filters;
  return (
    <label>
      <span>{label}</span>
      <select name={name} key={options.length} defaultValue={value}>
        <option value="">{say.any}</option>
        {options.map((option) => (
          <option key={option} value={option} selected={option === value}>
            {words?.[option] ?? option}
          </option>
        ))}
      </select>
    </label>
  );
}
