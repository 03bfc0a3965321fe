import type { EventType } from '../../domain/entry.ts';
import { actorIn, actorNameIn, commentIn } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { Entry } from './answers.ts';
import { Moment } from './moment.tsx';
import { useWords } from './preferences.tsx';
import { Code, Said } from './text.tsx';

/** An entry as a sentence: what happened, by whom, when, and what was said. An entry may hold anything. */
export function EntryLine({ entry }: { readonly entry: Entry }) {
  const words = useWords();
  const { type, time, index } = entry;
  const actor = actorIn(entry as unknown as EntryBody);
  const comment = commentIn(entry as unknown as EntryBody);
  const who =
    textOf(actorNameIn(entry as unknown as EntryBody)) ??
    textOf(actor['subject']) ??
    textOf(actor['process']);
  const attempt = membersOf(entry['attempt']);
  const outcome = membersOf(entry['outcome']);
  const code =
    textOf(attempt['code']) ?? textOf(outcome['code']) ?? textOf(entry['code']) ?? textOf(entry['outcome']);
  const requestId =
    textOf(attempt['requestId']) ??
    textOf(outcome['requestId']) ??
    textOf(entry['readRequestId']) ??
    textOf(entry['requestId']);
  const ordinal = textOf(attempt['ordinal']);
  return (
    <>
      <p>
        <strong>
          {Object.hasOwn(words.entries, type) ? words.entries[type as EventType] : <Code text={type} />}
        </strong>
        {ordinal !== null && <> {words.attempts.number(Number(ordinal))}</>}
        {who !== null && (
          <>
            {' · '}
            <Said text={who} />
          </>
        )}
      </p>
      {typeof comment === 'string' && comment !== '' && <Said text={comment} lines />}
      <p class="beside">
        <Moment at={time} exact />
        {code !== null && (
          <>
            {' · '}
            <Code text={code} />
          </>
        )}
        {requestId !== null && (
          <>
            {' · RequestId '}
            <Code text={requestId} />
          </>
        )}
        {index !== null && (
          <>
            {' · '}
            {words.timeline.entry(index)}
          </>
        )}
      </p>
    </>
  );
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}
