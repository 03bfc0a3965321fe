import type { ErrorCode } from '../../domain/error.ts';
import { verifyForwarded } from './forward-click.ts';
import { noticeOfRefusal, notices } from './notices.ts';

/** What became of a decision, for the person who made it. */
export type DingTalkTold =
  | { readonly outcome: 'recorded'; readonly action: 'approve' | 'reject' }
  | { readonly outcome: 'refused' | 'unavailable'; readonly code: ErrorCode }
  | { readonly outcome: 'pending' };

/** What a request that brings a click comes to. */
export type DingTalkVerdict =
  | { readonly kind: 'refused' }
  | { readonly kind: 'malformed'; readonly message: string }
  | {
      readonly kind: 'decision';
      readonly deliveryId: string;
      readonly account: { readonly team: string; readonly user: string };
      readonly action: 'approve' | 'reject';
      readonly changeId: string;
      readonly digest: string;
      readonly comment: string;
      /** The deliverer tells the person, from the answer. */
      readonly replyTo: null;
    };

/** DingTalk's part of the API, which hears clicks from the deliverer alone. */
export interface DingTalkInbound {
  readonly verify: (request: {
    readonly raw: Uint8Array;
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly now: number;
  }) => DingTalkVerdict;
  /** The body with which the deliverer is answered: what the person is shown. */
  readonly answer: (told: DingTalkTold) => { readonly notice: string };
  readonly patienceMs: number;
}

/** How long the API may take over a click, ms: the deliverer waits 10 s. */
const patienceMs = 8000;

/**
 * What the API needs for `POST /v1/inbound/<system>` of a DingTalk.
 *
 * @param system - its name in COUNTERSIGN_INTEGRATIONS
 * @param secrets - of `inboundSecretFiles`; see `assertForwardSecret`
 */
export function dingTalkInbound(system: string, secrets: readonly string[]): DingTalkInbound {
  return {
    verify({ raw, headers, now }) {
      const got = verifyForwarded({ system, secrets, headers, raw, now });
      if ('refusal' in got) {
        if (got.refusal !== 'malformed') return { kind: 'refused' };
        return { kind: 'malformed', message: 'expected a click on a card of this system' };
      }
      const { user, deliveryId, action, changeId, digest, comment } = got.click;
      const account = { team: user.corp, user: user.id };
      return { kind: 'decision', deliveryId, account, action, changeId, digest, comment, replyTo: null };
    },
    answer(told) {
      switch (told.outcome) {
        case 'recorded':
          return { notice: notices.recorded };
        case 'pending':
          return { notice: notices.working };
        case 'refused':
          return { notice: noticeOfRefusal(told.code, 403) };
        case 'unavailable':
          return { notice: noticeOfRefusal(told.code, 503) };
      }
    },
    patienceMs,
  };
}
