import { createHmac } from 'node:crypto';
import { deliverMilestones } from '../deliver-milestones.ts';
import { RemoteError } from '../remote-error.ts';
import type { RemoteFault } from '../remote-error.ts';
import type { Sink } from '../sink.ts';
import { callJson } from './call.ts';
import { robotMessage } from './message.ts';

/** What a robot's sink works with. */
export interface RobotDependencies {
  /** Where DingTalk is, without a path. */
  readonly url: string;
  /** The `access_token` of the robot's address. */
  readonly token: string;
  /** The robot's secret for signatures (`SEC…`). */
  readonly secret: string;
  readonly fetch: typeof globalThis.fetch;
  /** A page that shows the change; null where none is known. */
  readonly linkOf: (changeId: string) => string | null;
  /** Ms since the epoch. */
  readonly now: () => number;
}

/** DingTalk takes 20 messages a minute of a robot, and then none for ten minutes: two are left to others who use it. */
const mostPerMinute = 18;
const minuteMs = 60_000;
const tenMinutesMs = 600_000;

/**
 * The signature of a robot's request, as it stands in the query before it is URL-encoded.
 * @param timestamp - ms since the epoch; DingTalk takes it for an hour
 */
export function robotSignature(secret: string, timestamp: number): string {
  return createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
}

/**
 * Posts to a group through its robot: a message for each milestone of a change. A robot's messages cannot be edited, and
 * their one button opens a page.
 */
export function makeDingTalkRobotSink(dependencies: RobotDependencies): Sink {
  const { linkOf, now } = dependencies;
  const send = makeSend(dependencies);
  return {
    async deliver(delivery) {
      const { change, subscription, signal } = delivery;
      return await deliverMilestones(delivery, async (milestone) => {
        await send(robotMessage(milestone, { subscription, url: linkOf(change.id), now: now() }), signal);
      });
    },
  };
}

function makeSend({ url, token, secret, fetch, now }: RobotDependencies) {
  let sent: number[] = [];
  return async (body: object, signal: AbortSignal): Promise<void> => {
    const timestamp = now();
    sent = sent.filter((at) => at > timestamp - minuteMs);
    const [first] = sent;
    if (first !== undefined && sent.length >= mostPerMinute) {
      throw new RemoteError('throttled', 'the robot has sent as much as it may in a minute', {
        retryAfterMs: first + minuteMs - timestamp,
      });
    }
    sent.push(timestamp);
    const query = new URLSearchParams({
      access_token: token,
      timestamp: String(timestamp),
      sign: robotSignature(secret, timestamp),
    });
    const address = `${url.replace(/\/+$/, '')}/robot/send?${query.toString()}`;
    const { errcode } = await callJson(fetch, { method: 'POST', url: address, body, signal });
    if (errcode === 0) return;
    const code = typeof errcode === 'number' ? errcode : null;
    const fault = faultOfErrcode(code);
    throw new RemoteError(fault, `DingTalk's robot answered errcode ${code ?? 'of no number'}`, {
      httpStatus: 200,
      retryAfterMs: fault === 'throttled' ? tenMinutesMs : null,
    });
  };
}

/** What a robot's errcode, which comes with 200, stands for. One that is not known may pass. */
export function faultOfErrcode(code: number | null): RemoteFault {
  switch (code) {
    case 130_101:
    case 410_100:
    case 660_026:
      return 'throttled';
    // A wrong signature, address or keyword; no such token; the robot is stopped or gone, or its group is.
    case 310_000:
    case 300_001:
    case 300_005:
    case 400_101:
    case 400_102:
    case 400_106:
    case 400_013:
      return 'denied';
    // Not the form of a message, or words that DingTalk does not let pass.
    case 34_016:
    case 40_035:
    case 400_105:
    case 430_101:
    case 430_102:
    case 430_103:
    case 430_104:
      return 'refused';
    default:
      return 'failed';
  }
}
