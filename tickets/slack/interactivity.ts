import type { ErrorCode } from '../../domain/error.ts';
import type { JsonObject } from '../../domain/json.ts';
import { readSlackInbound } from './inbound.ts';
import { pressJson } from './press.ts';
import { pendingAnswer, recordedAnswer, recordedText, refusalText, refusedAnswer } from './person-text.ts';
import type { Choice } from './question.ts';
import { tellPerson } from './respond.ts';
import type { SlackSettings } from './settings.ts';
import type { RawRequest } from './signature.ts';

/** How long the API may take over a decision, ms: Slack waits 3 s. */
const patienceMs = 2500;
/** How long telling somebody may take, ms. */
const tellingMs = 30_000;

/** What became of a decision, for the person who made it. */
export type SlackTold =
  | { readonly outcome: 'recorded'; readonly action: Choice }
  | { readonly outcome: 'refused' | 'unavailable'; readonly code: ErrorCode }
  | { readonly outcome: 'pending' };

/** Who wants what, on which change as it was shown. */
interface Wanted {
  readonly deliveryId: string;
  readonly account: { readonly team: string; readonly user: string };
  readonly action: Choice;
  readonly changeId: string;
  readonly digest: string;
  readonly replyTo: string | null;
}

/** What a request to Slack's interactivity address comes to. */
export type SlackVerdict =
  | { readonly kind: 'refused' }
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'ignored' }
  | (Wanted & { readonly kind: 'click'; readonly open: JsonObject })
  | (Wanted & { readonly kind: 'decision'; readonly comment: string });

/** Slack's part of the API: it has the signing secrets, and no token. */
export interface SlackInteractivity {
  readonly verify: (request: RawRequest & { readonly now: number }) => SlackVerdict;
  /** The body with which a window's sending off is answered. */
  readonly answer: (told: SlackTold) => JsonObject;
  /** Tells a person afterwards. @throws RemoteError */
  readonly tell: (replyTo: string, told: SlackTold) => Promise<void>;
  readonly patienceMs: number;
}

/**
 * What the API needs for `POST /v1/inbound/<system>` of a Slack.
 *
 * @param secrets - the app's signing secrets: two while one is replaced
 */
export function slackInteractivity(
  { team, url }: Pick<SlackSettings, 'team' | 'url'>,
  secrets: readonly string[],
  { fetch }: { readonly fetch: typeof globalThis.fetch },
): SlackInteractivity {
  return {
    verify({ now, ...request }) {
      const got = readSlackInbound(request, { secrets, team, url, now });
      switch (got.kind) {
        case 'refused':
          if (got.why === 'malformed')
            return { kind: 'malformed', message: 'expected an interaction of Slack' };
          return { kind: 'refused' };
        case 'ignored':
          return { kind: 'ignored' };
        case 'click':
        case 'submission': {
          const { user, action, changeId, digest, deliveryId, comment, responseUrl: replyTo } = got;
          const account = { team: user.team, user: user.id };
          const wanted = { deliveryId, account, action, changeId, digest, replyTo };
          if (got.kind === 'submission') return { kind: 'decision', ...wanted, comment };
          return { kind: 'click', ...wanted, open: pressJson(got) };
        }
      }
    },
    answer(told) {
      if (told.outcome === 'recorded') return recordedAnswer(told.action);
      return told.outcome === 'pending' ? pendingAnswer() : refusedAnswer(told.code);
    },
    async tell(replyTo, told) {
      if (told.outcome === 'pending') return;
      const text = told.outcome === 'recorded' ? recordedText(told.action) : refusalText(told.code);
      const signal = AbortSignal.timeout(tellingMs);
      await tellPerson({ responseUrl: replyTo, slackUrl: url, text, fetch, signal });
    },
    patienceMs,
  };
}
