import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { now } from './clock.ts';
import { CallError } from './http.ts';
import { useWords } from './preferences.tsx';

/** What a form or a button sends. */
export interface Submit {
  /** Sent, and not yet answered. */
  readonly isPending: boolean;
  /** It cannot be sent now: it is under way, or a refusal has said when to come back. */
  readonly isBlocked: boolean;
  /** Sends it, unless it is blocked. */
  readonly send: () => void;
  /** The same for a form. */
  readonly onSubmit: (event: Event) => void;
}

/** A call that somebody makes by a button: never twice at once, and not before the time that a refusal named. */
export function useSubmit(call: {
  readonly isPending: boolean;
  readonly error: unknown;
  readonly mutate: () => void;
}): Submit {
  const { isPending, error, mutate } = call;
  const isTooEarly = useTooEarly(error);
  const isBlocked = isPending || isTooEarly;
  const send = () => {
    if (!isBlocked) mutate();
  };
  return {
    isPending,
    isBlocked,
    send,
    onSubmit(event) {
      event.preventDefault();
      send();
    },
  };
}

/** Whether the time has not come yet at which a refused call may be made again. */
export function useTooEarly(error: unknown): boolean {
  const until = error instanceof CallError ? error.retryAt : null;
  const [passed, setPassed] = useState<number | null>(null);
  useEffect(() => {
    if (until === null) return undefined;
    const timer = setTimeout(() => setPassed(until), until - now());
    return () => clearTimeout(timer);
  }, [until]);
  return until !== null && passed !== until;
}

/** The button of a form: it keeps the focus while it cannot be used, and says that something is sent. */
export function SubmitButton(props: {
  readonly submit: Submit;
  readonly class?: string;
  readonly children: ComponentChildren;
}) {
  const { submit, class: name = 'main', children } = props;
  const words = useWords();
  return (
    <button type="submit" class={name} aria-disabled={submit.isBlocked} aria-busy={submit.isPending}>
      {submit.isPending ? words.actions.sending : children}
    </button>
  );
}
