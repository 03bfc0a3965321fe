import { useWords } from './preferences.tsx';

/** The button below a list that has another page; nothing where it has none. */
export function More({ query }: { readonly query: PagedQuery }) {
  const { states } = useWords();
  if (!query.hasNextPage) return null;
  return (
    <button type="button" aria-disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
      {query.isFetchingNextPage ? states.loading : states.more}
    </button>
  );
}

interface PagedQuery {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  fetchNextPage(): Promise<unknown>;
}
