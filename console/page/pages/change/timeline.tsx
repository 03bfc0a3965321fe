import type { Entry } from '../../answers.ts';
import type { LiveState } from '../../live.ts';
import { useWords } from '../../preferences.tsx';
import { EntryLine } from '../../entry-line.tsx';

/** What has happened, entry by entry of the audit log, as it comes. */
export function Timeline({
  entries,
  state,
}: {
  readonly entries: readonly Entry[];
  readonly state: LiveState;
}) {
  const words = useWords();
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">{words.timeline.title}</h2>
      <p class="beside">{words.timeline.states[state]}</p>
      <ol class="timeline">
        {entries.map((entry) => (
          <li key={entry.key}>
            <EntryLine entry={entry} />
          </li>
        ))}
      </ol>
    </section>
  );
}
