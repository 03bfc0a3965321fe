import { scaleLinear } from 'd3-scale';
import { useFormats, useWords } from '../../preferences.tsx';
import { shownText } from '../../../../domain/shown-text.ts';
import { Said } from '../../text.tsx';
import { useWidth } from '../../use-width.ts';

const rowHeight = 40;
const barHeight = 14;

/** Counts as bars, the largest first, and as a table. */
export function Bars(props: {
  readonly label: string;
  /** What the names are. */
  readonly head: string;
  readonly items: readonly { readonly name: string; readonly count: number }[];
}) {
  const { label, head, items } = props;
  const words = useWords();
  const formats = useFormats();
  const [element, width] = useWidth();
  const some = items.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count);
  const most = some[0]?.count ?? 1;
  const x = scaleLinear([0, most], [0, width - 60]);
  const height = some.length * rowHeight;
  if (some.length === 0) return <p class="empty">{words.figures.nothing}</p>;
  return (
    <>
      <div ref={element}>
        <svg
          class="plot"
          role="img"
          aria-label={label}
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
        >
          {some.map(({ name, count }, i) => (
            <g key={name}>
              <text x={0} y={i * rowHeight + 13}>
                {shownText(name)}
              </text>
              <rect
                class="series-0"
                x={0}
                y={i * rowHeight + 19}
                rx={3}
                height={barHeight}
                width={Math.max(2, x(count))}
              />
              <text x={Math.max(2, x(count)) + 6} y={i * rowHeight + 31}>
                {formats.number(count)}
              </text>
            </g>
          ))}
        </svg>
      </div>
      <details>
        <summary>{words.figures.asTable}</summary>
        <table class="figures">
          <thead>
            <tr>
              <th scope="col">{head}</th>
              <th scope="col">{words.figures.count}</th>
            </tr>
          </thead>
          <tbody>
            {some.map(({ name, count }) => (
              <tr key={name}>
                <th scope="row">
                  <Said text={name} />
                </th>
                <td>{formats.number(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}
