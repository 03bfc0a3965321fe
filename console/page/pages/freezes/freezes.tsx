import { useQuery } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import type { Calendar } from '../../answers.ts';
import { now } from '../../clock.ts';
import { Fetched } from '../../fetched.tsx';
import { callApi } from '../../http.ts';
import { may, useMe } from '../../me.ts';
import { useFormats, usePreferences, useWords } from '../../preferences.tsx';
import { useTitle } from '../../title.ts';
import { startOfDay } from '../../zoned-time.ts';
import { DeclareFreeze } from './declare-freeze.tsx';
import { FreezeList } from './freeze-list.tsx';
import { TimeBars } from './time-bars.tsx';

const lengths = [7, 14, 31] as const;

/** When nothing may run, and when something may: freezes and the policies' windows as bars, and in words. */
export function Freezes() {
  const words = useWords();
  const say = words.freezes;
  const formats = useFormats();
  const { zone } = usePreferences();
  const { data: me } = useMe();
  const [days, setDays] = useState<number>(14);
  const [shift, setShift] = useState(0);
  useTitle(say.title);
  const from = startOfDay(now(), zone, shift * days);
  const to = startOfDay(from, zone, days);
  const period = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const query = useQuery({
    queryKey: ['calendar', period],
    queryFn: ({ signal }) => callApi<Calendar>(`/v1/calendar?${new URLSearchParams(period)}`, { signal }),
  });
  return (
    <>
      <h1>{say.title}</h1>
      <section aria-labelledby="calendar">
        <h2 id="calendar">{say.period(formats.day(from), formats.day(to - 1), formats.zoneName)}</h2>
        <p class="buttons">
          <button type="button" onClick={() => setShift(shift - 1)}>
            {say.earlier}
          </button>
          <button type="button" onClick={() => setShift(0)}>
            {say.today}
          </button>
          <button type="button" onClick={() => setShift(shift + 1)}>
            {say.later}
          </button>
        </p>
        <p class="choice">
          {lengths.map((length) => (
            <button
              key={length}
              type="button"
              class="plain"
              aria-pressed={length === days}
              onClick={() => {
                setDays(length);
                setShift(0);
              }}
            >
              {say.days(length)}
            </button>
          ))}
        </p>
        <Fetched query={query}>
          {(calendar) => <TimeBars calendar={calendar} from={from} days={days} />}
        </Fetched>
      </section>
      {may(me, 'post', '/v1/freezes') && <DeclareFreeze />}
      {may(me, 'get', '/v1/freezes') && <FreezeList mayLift={may(me, 'delete', '/v1/freezes/{id}')} />}
    </>
  );
}
