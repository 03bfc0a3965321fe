import { samePerson } from '../../../../domain/person.ts';
import type { PersonId } from '../../../../domain/person.ts';
import type { ChangeView, Entry } from '../../answers.ts';
import { Moment } from '../../moment.tsx';
import { useWords } from '../../preferences.tsx';
import { Code, Said } from '../../text.tsx';
import { Differences } from './differences.tsx';
import { readingOf, snapshotDifferences, snapshotLines } from './snapshot.ts';

/** The target as it was read, and from the second round on what has become different since people were asked before. */
export function TargetAsRead(props: {
  readonly change: ChangeView;
  readonly entries: readonly Entry[];
  readonly me: PersonId | null;
}) {
  const { change, entries, me } = props;
  const words = useWords();
  const say = words.target;
  const { snapshot, presented, round } = change;
  const reading = readingOf(entries, round);
  return (
    <section aria-labelledby="target">
      <h2 id="target">{say.title}</h2>
      {round === 0 ? (
        <p>{say.notYet}</p>
      ) : snapshot === null ? (
        <p class="block warn">{say.notThere}</p>
      ) : (
        <table class="lines">
          <thead class="unseen">
            <tr>
              <th scope="col">{say.member}</th>
              <th scope="col">{say.value}</th>
            </tr>
          </thead>
          <tbody>
            {snapshotLines(snapshot, presented).map(({ label, member, value }) => (
              <tr key={member}>
                <th scope="row">
                  {label !== null && label !== member && (
                    <>
                      <Said text={label} />{' '}
                    </>
                  )}
                  <span class="beside">
                    <Code text={member} />
                  </span>
                </th>
                <td>
                  <Said text={value} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {reading && (
        <p class="beside">
          {say.readAt} <Moment at={reading.at} exact />
          {reading.requestId !== null && (
            <>
              , RequestId <Code text={reading.requestId} />
            </>
          )}
        </p>
      )}
      {reading?.warning && (
        <p class="block warn">
          {say.warning} <Said text={reading.warning.message} /> <Code text={reading.warning.code} />
        </p>
      )}
      <Earlier change={change} entries={entries} round={round - 1} title={say.sinceRound(round - 1)} />
      <SinceMine change={change} entries={entries} me={me} />
    </section>
  );
}

/** In what this round's reading differs from that of an earlier one. */
function Earlier(props: {
  readonly change: ChangeView;
  readonly entries: readonly Entry[];
  readonly round: number;
  readonly title: string;
}) {
  const { change, entries, round, title } = props;
  const before = readingOf(entries, round);
  if (round < 1 || before === undefined) return null;
  return <Differences title={title} differences={snapshotDifferences(before.snapshot, change.snapshot)} />;
}

/** What differs from what the person themselves has approved, where that was neither this round nor the one before. */
function SinceMine({
  change,
  entries,
  me,
}: {
  readonly change: ChangeView;
  readonly entries: readonly Entry[];
  readonly me: PersonId | null;
}) {
  const words = useWords();
  const mine = me === null ? undefined : change.decisions.findLast(({ person }) => samePerson(person, me));
  if (mine === undefined || mine.round >= change.round - 1) return null;
  return (
    <Earlier
      change={change}
      entries={entries}
      round={mine.round}
      title={words.target.sinceMine(mine.round)}
    />
  );
}
