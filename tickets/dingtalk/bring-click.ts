import type { DingTalkClick } from './click.ts';
import { signForwarded } from './forward-click.ts';
import { noticeOfRefusal, notices } from './notices.ts';

/** What brings clicks to the API. */
export interface BringDependencies {
  /** The API's address for what comes from this system, such as `http://127.0.0.1:8080/v1/inbound/dingtalk`. */
  readonly url: string;
  /** The system's name in COUNTERSIGN_INTEGRATIONS. */
  readonly system: string;
  /** Each signs; the API has at least one of them. */
  readonly secrets: readonly string[];
  readonly fetch: typeof globalThis.fetch;
  /** Ms since the epoch. */
  readonly now: () => number;
  /** Longest wait for an answer, ms; default 10,000. */
  readonly deadlineMs?: number;
}

const longestNotice = 500;

/**
 * Brings each click to the API, which decides whether it counts, and says what the person is shown. It is not repeated by
 * itself: the person is told, and clicks again.
 */
export function makeBringClick(dependencies: BringDependencies): (click: DingTalkClick) => Promise<string> {
  const { url, fetch, now, deadlineMs = 10_000 } = dependencies;
  return async (click) => {
    const { body, headers } = signForwarded(click, { ...dependencies, now: now() });
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        redirect: 'manual',
        signal: AbortSignal.timeout(deadlineMs),
      });
      const { notice, code } = membersOf(await response.text());
      if (typeof notice === 'string') return notice.slice(0, longestNotice);
      if (response.ok) return notices.working;
      return noticeOfRefusal(typeof code === 'string' ? code : null, response.status);
    } catch (error) {
      // Whatever else went wrong, the API may have heard the click.
      return wasRefused(error) ? notices.unavailable : notices.notKnown;
    }
  };
}

/** Whether nothing listens there, so that nothing can have been heard. */
function wasRefused(error: unknown): boolean {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } };
  return cause?.code === 'ECONNREFUSED';
}

function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
