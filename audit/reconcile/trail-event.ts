import type { Json, JsonObject } from '../../domain/json.ts';
import { momentOf } from '../../domain/time.ts';
import { objectOf, stringOf } from '../verify/fields.ts';
import { BrokenTrail } from './broken-trail.ts';

/** Who made a call, as the cloud tells it. */
export interface TrailPrincipal {
  /** `ram-user`, `assumed-role`, `root-account`, …; null where the event does not say it. */
  readonly type: string | null;
  /** The account's id. */
  readonly accountId: string | null;
  /** Of a role: `<role id>:<session>`. */
  readonly principalId: string | null;
  /** Of a role: `<role>:<session>`. */
  readonly userName: string | null;
  readonly accessKeyId: string | null;
}

/** One event of ActionTrail (`eventVersion` 1), as far as it is compared. */
export interface TrailEvent {
  readonly eventId: string | null;
  readonly requestId: string | null;
  /** Milliseconds since the epoch; the cloud tells whole seconds. */
  readonly time: number;
  readonly serviceName: string;
  readonly eventName: string;
  readonly region: string;
  readonly principal: TrailPrincipal;
  readonly sourceIpAddress: string | null;
  /** Null where the call succeeded. */
  readonly errorCode: string | null;
  readonly parameters: JsonObject;
}

/**
 * The events in one JSON object of a file: the event itself, as it is delivered to OSS; a log of SLS, whose member `event`
 * has it as text or as an object; or an answer of LookupEvents, whose member `Events` lists them.
 *
 * @throws BrokenTrail `wrong_format` where it is no JSON or no event
 */
export function eventsIn(bytes: Buffer): TrailEvent[] {
  const value = parsed(bytes.toString('utf8'));
  const { Events: listed, event } = value;
  if (Array.isArray(listed)) return listed.map((one: Json) => eventOf(objectOf(one)));
  return [eventOf(event === undefined ? value : typeof event === 'string' ? parsed(event) : objectOf(event))];
}

function parsed(text: string): JsonObject {
  try {
    return objectOf(JSON.parse(text) as Json);
  } catch {
    throw new BrokenTrail('wrong_format', 'an object in it is no JSON');
  }
}

function eventOf(event: JsonObject): TrailEvent {
  const { requestParameters, requestParameterJson, userIdentity } = event;
  const eventName = stringOf(event['eventName']);
  // Without a zone it would be another moment on each machine.
  const time = momentOf(stringOf(event['eventTime']) ?? '');
  if (eventName === null || time === null) {
    const members = Object.keys(event).slice(0, 8).join(', ');
    throw new BrokenTrail('wrong_format', `expected events with eventName and eventTime, got ${members}`);
  }
  const identity = objectOf(userIdentity);
  return {
    eventId: textOf(event['eventId']),
    requestId: textOf(event['requestId']),
    time,
    serviceName: stringOf(event['serviceName']) ?? '',
    eventName,
    region: stringOf(event['acsRegion']) ?? '',
    principal: {
      type: textOf(identity['type']),
      accountId: textOf(identity['accountId']),
      principalId: textOf(identity['principalId']),
      userName: textOf(identity['userName']),
      accessKeyId: textOf(identity['accessKeyId']),
    },
    sourceIpAddress: textOf(event['sourceIpAddress']),
    errorCode: textOf(event['errorCode']),
    parameters: objectOf(
      requestParameters ?? (typeof requestParameterJson === 'string' ? parsed(requestParameterJson) : null),
    ),
  };
}

/** Text that says something: the cloud also writes empty text for what there is not, and ids as numbers. */
function textOf(value: Json | undefined): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Whose session it is: of a call that Countersign made with one, the id of its change; otherwise null. */
export function changeOfSession({ userName, principalId }: TrailPrincipal): string | null {
  for (const name of [userName, principalId]) {
    const [, session = ''] = /:([0-9a-f]{32})$/.exec(name ?? '') ?? [];
    if (session !== '') return session.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
  return null;
}

/** A principal without its session, in words: what an auditor knows it by. */
export function principalText({
  type,
  accountId,
  principalId,
  userName,
  accessKeyId,
}: TrailPrincipal): string {
  const name = withoutSession(userName) ?? withoutSession(principalId);
  // The key of a session is another one for each.
  const key = type === 'assumed-role' ? null : accessKeyId;
  const parts = [type, name, accountId && `account ${accountId}`, key && `key ${key}`];
  return parts.filter((part) => part !== null).join(', ') || 'nobody named';
}

/** Whether a principal is the one that an auditor names by its user, role, access key or their id. */
export function isNamed({ principalId, userName, accessKeyId }: TrailPrincipal, names: readonly string[]) {
  const own = [principalId, userName, accessKeyId, withoutSession(principalId), withoutSession(userName)];
  return names.some((name) => own.includes(name));
}

function withoutSession(name: string | null): string | null {
  return name?.split(':')[0] ?? null;
}
