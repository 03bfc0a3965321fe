import { scaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { Statistics } from '../../answers.ts';
import { useFormats, useWords } from '../../preferences.tsx';
import { useWidth } from '../../use-width.ts';

const height = 180;
const margin = { top: 12, right: 56, bottom: 22, left: 8 };

/** The wait for approval over time, as two lines and as a table. */
export function Waits({ parts }: { readonly parts: readonly Statistics[] }) {
  const words = useWords();
  const say = words.figures;
  const formats = useFormats();
  const [element, width] = useWidth();
  const some = parts.filter(({ approval }) => approval.p50Ms !== null);
  const longest = Math.max(1, ...some.map(({ approval }) => approval.p90Ms ?? 0));
  const [first, last] = [Date.parse(parts[0]?.from ?? ''), Date.parse(parts.at(-1)?.to ?? '')];
  const x = scaleLinear([first, last], [margin.left, width - margin.right]);
  const y = scaleLinear([0, longest], [height - margin.bottom, margin.top]).nice(4);
  const middle = ({ from, to }: Statistics) => (Date.parse(from) + Date.parse(to)) / 2;
  const pathOf = (name: 'p50Ms' | 'p90Ms') =>
    line<Statistics>()
      .x((part) => x(middle(part)))
      .y((part) => y(part.approval[name] ?? 0))([...some]) ?? '';
  if (some.length === 0) return null;
  return (
    <>
      <div ref={element}>
        <svg
          class="plot"
          role="img"
          aria-label={say.waits}
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
        >
          {y.ticks(4).map((tick) => (
            <g key={tick}>
              <line class="axis" x1={margin.left} x2={width - margin.right} y1={y(tick)} y2={y(tick)} />
              <text x={width - margin.right + 4} y={y(tick) + 4}>
                {formats.shortDuration(tick)}
              </text>
            </g>
          ))}
          {some.map((part) => (
            <text key={part.from} x={x(middle(part))} y={height - 6} text-anchor="middle">
              {formats.shortDay(middle(part))}
            </text>
          ))}
          {(['p90Ms', 'p50Ms'] as const).map((name, i) => (
            <g key={name} class={`series-${1 - i}`}>
              <path class={`line series-${1 - i}`} d={pathOf(name)} />
              {some.map((part) => (
                <circle
                  key={part.from}
                  class={`series-${1 - i}`}
                  cx={x(middle(part))}
                  cy={y(part.approval[name] ?? 0)}
                  r={3}
                />
              ))}
            </g>
          ))}
        </svg>
      </div>
      <p class="legend">
        <span class="key series-0" /> {say.p50} <span class="key series-1" /> {say.p90}
      </p>
      <details>
        <summary>{say.asTable}</summary>
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{say.from}</th>
              <th scope="col">{say.count}</th>
              <th scope="col">{say.p50}</th>
              <th scope="col">{say.p90}</th>
            </tr>
          </thead>
          <tbody>
            {parts.map(({ from, approval }) => (
              <tr key={from}>
                <th scope="row">{formats.day(Date.parse(from))}</th>
                <td>{formats.number(approval.count)}</td>
                <td>{approval.p50Ms === null ? '–' : formats.duration(approval.p50Ms)}</td>
                <td>{approval.p90Ms === null ? '–' : formats.duration(approval.p90Ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}
