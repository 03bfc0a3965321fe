import { LanguageChoice } from './language-choice.tsx';
import { useWords } from './preferences.tsx';
import { currentPage, loginAddress } from './session.ts';
import { useTitle } from './title.ts';

/** The page that a login that failed leads to. */
export const loginPath = '/login';

/** Who is not logged in logs in, and comes back to the page that they wanted. */
export function Login() {
  const words = useWords();
  useTitle(words.login.title);
  const query = new URLSearchParams(location.search);
  const failed = location.pathname === loginPath ? query.get('failed') : null;
  const returnTo = location.pathname === loginPath ? (query.get('returnTo') ?? '/') : currentPage();
  return (
    <main id="main" class="login">
      <h1>Countersign</h1>
      <p>{words.login.what}</p>
      {failed !== null && (
        <p class="block bad" role="alert">
          {Object.hasOwn(words.login.failures, failed)
            ? words.login.failures[failed as keyof typeof words.login.failures]
            : words.login.failed}
        </p>
      )}
      <p>
        <a class="button main" href={loginAddress(returnTo)}>
          {words.login.action}
        </a>
      </p>
      <LanguageChoice />
    </main>
  );
}
