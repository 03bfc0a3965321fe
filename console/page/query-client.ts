import { MutationCache, QueryCache, QueryClient } from '@tanstack/preact-query';
import { CallError, isSessionOver } from './http.ts';
import { sessionKey } from './session.ts';

/** A session that is over is noticed by whichever call meets it first. */
function noticeEnd(error: unknown): void {
  if (isSessionOver(error)) void queryClient.invalidateQueries({ queryKey: sessionKey });
}

/** What the page has fetched. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, query) => {
      if (query.queryKey[0] !== sessionKey[0]) noticeEnd(error);
    },
  }),
  mutationCache: new MutationCache({ onError: noticeEnd }),
  defaultOptions: {
    queries: {
      // What was refused will be refused again; what nothing answered may be answered.
      retry: (count, error) =>
        count < 2 && error instanceof CallError && (error.status === 0 || error.status === 503),
      refetchOnWindowFocus: 'always',
      staleTime: 5000,
    },
  },
});
