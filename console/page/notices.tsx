import { useOnline } from './online.ts';
import { useWords, useFormats } from './preferences.tsx';
import { loginAddress } from './session.ts';
import { Why } from './failed.tsx';

/** That there is no network: what is shown is what was seen last. */
export function Offline() {
  const words = useWords();
  if (useOnline()) return null;
  return (
    <p class="band warn" role="status">
      {words.states.offline}
    </p>
  );
}

/** That the session is over: what somebody has written stays. */
export function SessionEnded() {
  const words = useWords();
  return (
    <p class="band warn" role="alert">
      {words.login.ended}{' '}
      <a class="button" href={loginAddress()}>
        {words.login.again}
      </a>
    </p>
  );
}

/** That what is shown could not be fetched anew. @param seenAt - ms since 1970 */
export function Old({ error, seenAt }: { readonly error: unknown; readonly seenAt: number }) {
  const words = useWords();
  const formats = useFormats();
  return (
    <div class="block warn" role="status">
      <p>{words.states.old(formats.exactly(new Date(seenAt).toISOString()))}</p>
      <Why error={error} />
    </div>
  );
}
