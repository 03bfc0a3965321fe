import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer } from '../rest-endpoint.ts';

/** A message that a robot has posted to its group. */
export interface RobotMessage {
  readonly at: string;
  readonly token: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const hourMs = 3_600_000;
const minuteMs = 60_000;
const blockedMs = 600_000;

/** The robots' part: it answers everything with 200, as DingTalk does, and says in `errcode` how it went. */
export function makeRobots(secrets: Readonly<Record<string, string>>, perMinute: number) {
  let messages: RobotMessage[] = [];
  let seen = new Set<string>();
  const sent = new Map<string, number[]>();
  const blockedUntil = new Map<string, number>();

  function send(incoming: Incoming, dryRun: boolean): Answer {
    const query = new Map(incoming.query);
    const token = query.get('access_token') ?? '';
    const secret = Object.hasOwn(secrets, token) ? secrets[token] : undefined;
    if (secret === undefined) return answer(300_005, 'token is not exist');
    const fault = faultOfSignature(secret, query.get('timestamp') ?? '', query.get('sign') ?? '');
    if (fault !== null) return answer(310_000, fault);
    const body = bodyIn(incoming);
    const { msgtype } = body ?? {};
    if (body === null || typeof msgtype !== 'string') return answer(40_035, 'missing parameter json');
    if (!['text', 'markdown', 'actionCard', 'link', 'feedCard'].includes(msgtype)) {
      return answer(400_105, 'unsupported msgtype');
    }
    if (typeof body[msgtype] !== 'object') return answer(40_035, `missing parameter ${msgtype}`);
    if (!takesOneMore(token)) return answer(130_101, `send too fast, exceed ${perMinute} times per minute`);
    const { msgUuid } = body;
    if (typeof msgUuid === 'string') {
      if (seen.has(`${token} ${msgUuid}`)) return answer(0, 'ok');
      if (!dryRun) seen.add(`${token} ${msgUuid}`);
    }
    if (!dryRun) messages = [...messages, { at: new Date().toISOString(), token, body }];
    return answer(0, 'ok');
  }

  /** Above so many in a minute, a robot is blocked for ten. */
  function takesOneMore(token: string): boolean {
    const now = Date.now();
    if ((blockedUntil.get(token) ?? 0) > now) return false;
    const recent = (sent.get(token) ?? []).filter((at) => at > now - minuteMs);
    sent.set(token, [...recent, now]);
    if (recent.length < perMinute) return true;
    blockedUntil.set(token, now + blockedMs);
    return false;
  }

  return {
    send,
    messages: () => messages,
    clear() {
      messages = [];
      seen = new Set();
      sent.clear();
      blockedUntil.clear();
    },
  };
}

function faultOfSignature(secret: string, timestamp: string, sign: string): string | null {
  if (!/^[0-9]{13}$/.test(timestamp) || Math.abs(Date.now() - Number(timestamp)) > hourMs) {
    return 'invalid timestamp';
  }
  const wanted = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest();
  const given = Buffer.from(sign, 'base64');
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? null : 'sign not match';
}

function answer(errcode: number, errmsg: string): Answer {
  return jsonAnswer({ errcode, errmsg });
}

function bodyIn({ body }: Incoming): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
