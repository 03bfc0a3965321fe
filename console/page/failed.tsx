import { CallError } from './http.ts';
import { useFormats, useWords } from './preferences.tsx';
import { useTooEarly } from './submit.tsx';
import { Code, Said } from './text.tsx';
import { codeSentence } from './words/code-sentence.ts';

/** Why something could not be done: in words, with the code and under which id the API's log has it. */
export function Failed({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const words = useWords();
  const isTooEarly = useTooEarly(error);
  return (
    <div class="block bad" role="alert">
      <Why error={error} />
      {retry && (
        <p>
          <button type="button" aria-disabled={isTooEarly} onClick={() => !isTooEarly && retry()}>
            {words.states.retry}
          </button>
        </p>
      )}
    </div>
  );
}

/** The sentence alone, for where something else stands around it. */
export function Why({ error }: { readonly error: unknown }) {
  const words = useWords();
  const formats = useFormats();
  if (!(error instanceof CallError)) return <p>{words.states.broken}</p>;
  const { code, status, message, errors, requestId, retryAt } = error;
  const sentence =
    status === 0
      ? words.states.unreachable
      : code === null
        ? words.states.otherAnswer(status)
        : codeSentence(words, code);
  return (
    <>
      <p>
        <strong>{sentence ?? words.states.refused}</strong>
        {retryAt !== null && <> {words.states.retryAt(formats.exactly(new Date(retryAt).toISOString()))}</>}
      </p>
      {code !== null && (
        <p class="beside">
          <Said text={message} />
        </p>
      )}
      {errors.length > 0 && (
        <ul>
          {errors.map(({ field, message: fault }) => (
            <li key={field}>
              <Code text={field} />: <Said text={fault} />
            </li>
          ))}
        </ul>
      )}
      <p class="beside">
        {code !== null && <Code text={code} />}
        {requestId !== null && (
          <>
            {' '}
            {words.states.requestId} <Code text={requestId} />
          </>
        )}
      </p>
    </>
  );
}
