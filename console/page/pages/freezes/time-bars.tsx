import { scaleLinear } from 'd3-scale';
import type { Calendar } from '../../answers.ts';
import { Moment } from '../../moment.tsx';
import { useFormats, usePreferences, useWords } from '../../preferences.tsx';
import { Said } from '../../text.tsx';
import { useNow } from '../../ticking.ts';
import { useWidth } from '../../use-width.ts';
import { startOfDay } from '../../zoned-time.ts';
import { shownText } from '../../../../domain/shown-text.ts';

interface Bar {
  readonly from: number;
  readonly until: number;
}

interface Row {
  readonly key: string;
  readonly name: string;
  readonly kind: 'freeze' | 'window';
  readonly bars: readonly Bar[];
}

const rowHeight = 44;
const axisHeight = 22;
const barHeight = 16;

/** Freezes and windows as bars over time with a line at now, and the same as a list. */
export function TimeBars({
  calendar,
  from,
  days,
}: {
  readonly calendar: Calendar;
  /** When the first day begins, ms since 1970. */
  readonly from: number;
  readonly days: number;
}) {
  const words = useWords();
  const say = words.freezes;
  const formats = useFormats();
  const { zone } = usePreferences();
  const now = useNow();
  const [element, width] = useWidth();
  const to = startOfDay(from, zone, days);
  const rows = rowsOf(calendar, to);
  const x = scaleLinear([from, to], [0, width]);
  const height = axisHeight + rows.length * rowHeight;
  const step = Math.max(1, Math.ceil(days / Math.max(2, Math.floor(width / 64))));
  const ticks = Array.from({ length: Math.ceil(days / step) }, (_, i) => startOfDay(from, zone, i * step));
  return (
    <>
      <div ref={element}>
        {rows.length === 0 ? (
          <p class="empty">{say.nothing}</p>
        ) : (
          <svg
            class="plot"
            role="img"
            aria-label={say.drawn}
            width={width}
            height={height}
            viewBox={`0 0 ${width} ${height}`}
          >
            {ticks.map((tick) => (
              <g key={tick}>
                <line class="axis" x1={x(tick)} x2={x(tick)} y1={axisHeight - 4} y2={height} />
                <text x={x(tick) + 3} y={12}>
                  {formats.shortDay(tick)}
                </text>
              </g>
            ))}
            {rows.map(({ key, name, kind, bars }, i) => {
              const top = axisHeight + i * rowHeight;
              return (
                <g key={key}>
                  <text x={3} y={top + 14}>
                    {cut(`${say.kinds[kind]}: ${shownText(name)}`, width)}
                  </text>
                  {bars.map((bar) => {
                    const start = x(Math.max(bar.from, from));
                    return (
                      <rect
                        key={bar.from}
                        class={kind}
                        x={start}
                        y={top + 20}
                        rx={3}
                        height={barHeight}
                        width={Math.max(2, x(Math.min(bar.until, to)) - start)}
                      />
                    );
                  })}
                </g>
              );
            })}
            {now >= from && now < to && <line class="now" x1={x(now)} x2={x(now)} y1={0} y2={height} />}
          </svg>
        )}
      </div>
      {!calendar.freezesComplete && <p class="block warn">{say.notAll}</p>}
      {calendar.windows.map(({ policy, problem, upTo }) => (
        <p key={policy} class="beside">
          {problem !== null && (
            <>
              <Said text={policy} />: <Said text={problem} />
            </>
          )}
          {Date.parse(upTo) < to && (
            <>
              <Said text={policy} />: {say.completeUpTo} <Moment at={upTo} />
            </>
          )}
        </p>
      ))}
      <details>
        <summary>{say.asList}</summary>
        <ul>
          {rows.flatMap(({ key, name, kind, bars }) =>
            bars.map((bar) => (
              <li key={`${key} ${bar.from}`}>
                {say.kinds[kind]} <Said text={name} />: {formats.moment(new Date(bar.from).toISOString())} –{' '}
                {bar.until === Infinity ? say.noEnd : formats.moment(new Date(bar.until).toISOString())}
              </li>
            )),
          )}
        </ul>
      </details>
    </>
  );
}

function rowsOf({ freezes, windows }: Calendar, to: number): Row[] {
  return [
    ...freezes.map(({ id, reason, startsAt, endsAt }): Row => ({
      key: id,
      name: reason,
      kind: 'freeze',
      bars: [{ from: Date.parse(startsAt), until: endsAt === null ? Infinity : Date.parse(endsAt) }],
    })),
    ...windows.map(({ policy, version, digest, times }): Row => ({
      key: digest,
      name: `${policy} ${version}`,
      kind: 'window',
      bars: times
        .map(({ from, until }) => ({ from: Date.parse(from), until: Date.parse(until) }))
        .filter((bar) => bar.from < to),
    })),
  ];
}

/** As much of a text as about fits; the whole stands in the list. */
function cut(text: string, width: number): string {
  const most = Math.floor(width / 8);
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
