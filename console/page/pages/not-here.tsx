import { newLoginAddress, useSession } from '../session.ts';
import { useWords } from '../preferences.tsx';
import { Said } from '../text.tsx';
import { useTitle } from '../title.ts';

/** There is nothing, or nothing that this account may see: it names the account, since another one may. */
export function NotHere() {
  const words = useWords();
  const { data: session } = useSession();
  useTitle(words.notHere.title);
  return (
    <>
      <h1>{words.notHere.title}</h1>
      <p>{words.notHere.what}</p>
      {session && (
        <p>
          {words.notHere.account} <Said text={session.person.name} /> (<Said text={session.person.subject} />,{' '}
          <Said text={session.person.issuer} />)
        </p>
      )}
      <p>
        <a class="button" href={newLoginAddress()}>
          {words.notHere.other}
        </a>
      </p>
    </>
  );
}
