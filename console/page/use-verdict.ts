import { useEffect, useState } from 'preact/hooks';
import type { ChangeView } from './answers.ts';
import { verdictOn } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** What the page has found out about a change, and the last one of it that it has found to be intact. */
export interface Found {
  readonly verdict: Verdict;
  /** What the person may act on: never a change whose digest is still being made, or is another one. */
  readonly intact: ChangeView | null;
}

/**
 * Whether a change is the one that its digest was made of: the digest is made here, from the members that this page
 * shows, and compared. A server that shows one thing and has another signed is found out.
 */
export function useVerdict(change: ChangeView): Found {
  const [found, setFound] = useState<{ readonly of: ChangeView; readonly verdict: Verdict } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void verdictOn(change).then((verdict) => {
      if (isCurrent) setFound({ of: change, verdict });
    });
    return () => {
      isCurrent = false;
    };
  }, [change]);
  return {
    verdict: found?.of === change ? found.verdict : 'checking',
    intact: found?.verdict === 'intact' ? found.of : null,
  };
}
