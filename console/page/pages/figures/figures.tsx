import { useQueries, useQuery } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import type { Statistics } from '../../answers.ts';
import { now } from '../../clock.ts';
import { Fetched } from '../../fetched.tsx';
import { callApi } from '../../http.ts';
import { useFormats, useWords } from '../../preferences.tsx';
import { useOperations } from '../../queries.ts';
import { useTitle } from '../../title.ts';
import { Bars } from './bars.tsx';
import { Waits } from './waits.tsx';

const dayMs = 86_400_000;
const lengths = [7, 30, 90] as const;
/** Into how many parts a period is cut, to see how a wait has become longer or shorter. */
const parts = 6;

/** How long approvals take, how changes end, and how calls fail: as plots and as tables. */
export function Figures() {
  const words = useWords();
  const say = words.figures;
  const [days, setDays] = useState<number>(30);
  const [operation, setOperation] = useState('');
  // The end of the running hour: what is fetched can be used again.
  const [end] = useState(() => Math.ceil(now() / 3_600_000) * 3_600_000);
  const operations = useOperations().data?.items ?? [];
  useTitle(say.title);
  const whole = asked(end - days * dayMs, end, operation);
  const query = useQuery(whole);
  return (
    <>
      <h1>{say.title}</h1>
      <section>
        <p class="choice">
          {lengths.map((length) => (
            <button
              key={length}
              type="button"
              class="plain"
              aria-pressed={days === length}
              onClick={() => setDays(length)}
            >
              {say.lastDays(length)}
            </button>
          ))}
        </p>
        <label>
          <span>{words.change.operation}</span>
          <select value={operation} onInput={(event) => setOperation(event.currentTarget.value)}>
            <option value="">{words.freezes.everyOperation}</option>
            {operations.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </section>
      <Fetched query={query}>
        {(statistics) => <Shown statistics={statistics} days={days} operation={operation} end={end} />}
      </Fetched>
    </>
  );
}

function asked(from: number, to: number, operation: string) {
  const period = {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    ...(operation === '' ? {} : { operation }),
  };
  return {
    queryKey: ['statistics', period],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      callApi<Statistics>(`/v1/statistics?${new URLSearchParams(period)}`, { signal }),
    staleTime: 60_000,
  };
}

function Shown(props: {
  readonly statistics: Statistics;
  readonly days: number;
  readonly operation: string;
  readonly end: number;
}) {
  const { statistics, days, operation, end } = props;
  const words = useWords();
  const say = words.figures;
  const formats = useFormats();
  const { changes, approval, outcomes, attempts, byDecision, byExecution } = statistics;
  const step = (days * dayMs) / parts;
  const trend = useQueries({
    queries: Array.from({ length: parts }, (_, i) =>
      asked(end - (parts - i) * step, end - (parts - 1 - i) * step, operation),
    ),
  });
  return (
    <>
      <section aria-labelledby="waits">
        <h2 id="waits">{say.waits}</h2>
        <p>
          {approval.count === 0
            ? say.noApproval
            : say.waited(
                formats.number(approval.count),
                formats.duration(approval.p50Ms ?? 0),
                formats.duration(approval.p90Ms ?? 0),
              )}
        </p>
        <Waits parts={trend.flatMap(({ data }) => (data ? [data] : []))} />
      </section>
      <section aria-labelledby="decided">
        <h2 id="decided">{say.decided(formats.number(changes))}</h2>
        <Bars
          label={say.decided(formats.number(changes))}
          head={say.status}
          items={Object.entries(byDecision).map(([status, count]) => ({
            name: words.decisionStatus[status as keyof typeof byDecision],
            count,
          }))}
        />
      </section>
      <section aria-labelledby="executed">
        <h2 id="executed">{say.executed}</h2>
        <Bars
          label={say.executed}
          head={say.status}
          items={Object.entries(byExecution).map(([status, count]) => ({
            name: words.executionStatus[status as keyof typeof byExecution],
            count,
          }))}
        />
      </section>
      <section aria-labelledby="outcomes">
        <h2 id="outcomes">{say.outcomes}</h2>
        <Bars
          label={say.outcomes}
          head={say.code}
          items={outcomes.map(({ code, count }) => ({ name: code, count }))}
        />
      </section>
      <section aria-labelledby="calls">
        <h2 id="calls">{say.attempts}</h2>
        <Bars
          label={say.attempts}
          head={say.code}
          items={attempts.map(({ outcome, code, count }) => ({
            name:
              code === null
                ? words.attempts.outcomes[outcome]
                : `${words.attempts.outcomes[outcome]}: ${code}`,
            count,
          }))}
        />
      </section>
    </>
  );
}
