import { useInfiniteQuery, useQuery } from '@tanstack/preact-query';
import type { ChangeView, ListedChange, Operation, Page } from './answers.ts';
import { callApi } from './http.ts';

const everyMs = 15_000;

/** Under which a change is kept among what the page has fetched. */
export function changeKey(id: string): readonly [string, string] {
  return ['change', id];
}

/** A change. What has ended is not asked for again and again. */
export function useChange(id: string) {
  return useQuery({
    queryKey: changeKey(id),
    queryFn: ({ signal }) => callApi<ChangeView>(`/v1/changes/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: ({ state }) => (state.data?.closedAt == null ? 4 * everyMs : false),
  });
}

/**
 * Changes, newest first, page by page; looked at again every 15 s and when somebody comes back to the page. Who has opened
 * more than one page reads: those are not all fetched anew under their eyes.
 */
export function useChanges(filter: Readonly<Record<string, string>>, limit = 50) {
  return useInfiniteQuery({
    queryKey: ['changes', filter, limit],
    queryFn: ({ pageParam, signal }) => {
      const query = new URLSearchParams({ ...filter, limit: String(limit) });
      if (pageParam !== null) query.set('cursor', pageParam);
      return callApi<Page<ListedChange>>(`/v1/changes?${query}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
    refetchInterval: ({ state }) => (hasOnePage(state.data) ? everyMs : false),
    refetchOnWindowFocus: ({ state }) => (hasOnePage(state.data) ? 'always' : false),
    refetchOnReconnect: ({ state }) => hasOnePage(state.data),
  });
}

function hasOnePage(data: { readonly pages: readonly unknown[] } | undefined): boolean {
  return data === undefined || data.pages.length <= 1;
}

/** The gated operations. */
export function useOperations() {
  return useQuery({
    queryKey: ['operations'],
    queryFn: ({ signal }) => callApi<{ items: Operation[] }>('/v1/operations', { signal }),
    staleTime: Infinity,
  });
}
