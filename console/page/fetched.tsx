import type { ComponentChildren } from 'preact';
import { Failed } from './failed.tsx';
import { Old } from './notices.tsx';
import { Waiting } from './waiting.tsx';

/** What is being fetched: its place, then it, or why not. What was seen before stays, with its time. */
export function Fetched<T>(props: {
  readonly query: {
    readonly data: T | undefined;
    readonly error: unknown;
    /** ms since 1970. */
    readonly dataUpdatedAt: number;
    readonly refetch: () => unknown;
  };
  readonly children: (data: T) => ComponentChildren;
}) {
  const { query, children } = props;
  const { data, error, dataUpdatedAt, refetch } = query;
  if (data === undefined) {
    return error === null ? <Waiting /> : <Failed error={error} retry={() => void refetch()} />;
  }
  return (
    <>
      {error !== null && <Old error={error} seenAt={dataUpdatedAt} />}
      {children(data)}
    </>
  );
}
