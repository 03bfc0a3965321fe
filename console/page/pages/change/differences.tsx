import { useWords } from '../../preferences.tsx';
import { Code, Said } from '../../text.tsx';
import type { SnapshotDifference } from './snapshot.ts';

/** What has become different, field by field. */
export function Differences(props: {
  readonly title: string;
  readonly differences: readonly SnapshotDifference[];
}) {
  const { title, differences } = props;
  const words = useWords();
  return (
    <div class="block warn">
      <h3>{title}</h3>
      {differences.length === 0 ? (
        <p>{words.target.same}</p>
      ) : (
        <dl class="differences">
          {differences.map(({ member, before, after }) => (
            <div key={member}>
              <dt>
                <Code text={member} />
              </dt>
              <dd>
                <span class="unseen">{words.target.before}: </span>
                <del>{before === null ? words.target.absent : <Said text={before} />}</del>
              </dd>
              <dd>
                <span class="unseen">{words.target.after}: </span>
                <ins>{after === null ? words.target.absent : <Said text={after} />}</ins>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
