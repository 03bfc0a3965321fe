import { useQuery } from '@tanstack/preact-query';
import { answerOf, isSessionOver } from './http.ts';
import { forgetTab } from './kept.ts';

/** Who is logged in here. */
export interface Session {
  readonly person: { readonly issuer: string; readonly subject: string; readonly name: string };
  /** ISO 8601: when the person has to log in again, whatever they do. */
  readonly endsAt: string;
}

/** Under which the session is kept among what the page has fetched. */
export const sessionKey = ['session'] as const;

/** The session; null: nobody is logged in. */
export function useSession() {
  return useQuery({
    queryKey: sessionKey,
    queryFn: async ({ signal }): Promise<Session | null> => {
      try {
        return (await (await answerOf('/session', { signal })).json()) as Session;
      } catch (error) {
        if (isSessionOver(error)) return null;
        throw error;
      }
    },
  });
}

let lastPerson: Session['person'] | null = null;

/** Who is logged in, or was until their session ended: what they were doing stays as it is. */
export function usePerson(): Session['person'] | null {
  const { data: session } = useSession();
  lastPerson = session?.person ?? lastPerson;
  return lastPerson;
}

/** The page that somebody is on, to come back to. */
export function currentPage(): string {
  return location.pathname + location.search;
}

/** Where one logs in. @param returnTo - the page to come back to */
export function loginAddress(returnTo: string = currentPage()): string {
  return `/session/login?${new URLSearchParams({ returnTo })}`;
}

/** Where one logs in anew though one is logged in: more strongly, or as somebody else. */
export function newLoginAddress(): string {
  return `/session/login?${new URLSearchParams({ returnTo: currentPage(), stepUp: '1' })}`;
}

/** Ends the session, here and at the organisation's provider. @returns where the browser has to go for that */
export async function logOut(): Promise<string> {
  const response = await answerOf('/session/logout', { method: 'POST' });
  forgetTab();
  return ((await response.json()) as { location: string | null }).location ?? '/';
}
