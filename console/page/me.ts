import { useQuery } from '@tanstack/preact-query';
import type { Me } from './answers.ts';
import { callApi } from './http.ts';

/** Who the person is, as the API sees them. */
export function useMe() {
  return useQuery({
    queryKey: ['me'],
    queryFn: ({ signal }) => callApi<Me>('/v1/me', { signal }),
    staleTime: 60_000,
  });
}

/** Whether the person's roles allow a call, on whatever it is. */
export function may(me: Me | undefined, method: 'get' | 'post' | 'delete', path: string): boolean {
  return me?.may.some((call) => call.method === method && call.path === path && !call.ownOnly) ?? false;
}
