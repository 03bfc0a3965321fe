import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Waiting } from './waiting.tsx';
import { Failed } from './failed.tsx';

/** A page that is loaded when it is wanted. */
export function late(load: () => Promise<FunctionComponent>): FunctionComponent {
  let loaded: FunctionComponent | null = null;
  return function Late() {
    const [Page, setPage] = useState<FunctionComponent | null>(() => loaded);
    const [error, setError] = useState<unknown>(null);
    useEffect(() => {
      if (Page !== null) return;
      load().then(
        (found) => {
          loaded = found;
          setPage(() => found);
        },
        (failed: unknown) => setError(failed),
      );
    }, [Page]);
    if (error !== null) return <Failed error={error} retry={() => location.reload()} />;
    return Page === null ? <Waiting /> : <Page />;
  };
}
