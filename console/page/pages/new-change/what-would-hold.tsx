import { useQuery } from '@tanstack/preact-query';
import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../answers.ts';
import { ExplanationView } from '../../explanation.tsx';
import { Fetched } from '../../fetched.tsx';
import { callApi } from '../../http.ts';
import { useWords } from '../../preferences.tsx';

/** What is asked about. */
export interface AskedAbout {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly breakGlass: boolean;
}

const pauseMs = 500;

/** Which policy would hold for what is being written; asked once somebody pauses. */
export function WhatWouldHold({ asked, isReady }: { readonly asked: AskedAbout; readonly isReady: boolean }) {
  const words = useWords();
  const say = words.explanation;
  const written = JSON.stringify(asked);
  const [settled, setSettled] = useState(written);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(written), pauseMs);
    return () => clearTimeout(timer);
  }, [written]);
  return (
    <section aria-labelledby="explanation">
      <h2 id="explanation">{say.title}</h2>
      {isReady ? <Answer written={settled} /> : <p class="empty">{say.notReady}</p>}
    </section>
  );
}

function Answer({ written }: { readonly written: string }) {
  const query = useQuery({
    queryKey: ['explanation', written],
    queryFn: ({ signal }) =>
      callApi<Explanation>('/v1/policy-explanations', {
        method: 'POST',
        body: JSON.parse(written) as AskedAbout,
        signal,
      }),
    refetchOnWindowFocus: false,
  });
  return <Fetched query={query}>{(explanation) => <ExplanationView explanation={explanation} />}</Fetched>;
}
