import { CountersignError } from './error.ts';
import type { Person } from './person.ts';
import { isMachine, machineIssuer } from './person.ts';
import type { Channel, PinnedPolicy } from './policy.ts';

const mark = 'via:';

/** What a system of somebody else's calls an account. */
export interface OutsideAccount {
  /** The workspace, company or tenant that gives out the user's id; empty where its ids are good everywhere. */
  readonly team: string;
  readonly user: string;
}

/** How somebody is known who decides in a chat or a ticket system: by that system's word, without a login here. */
export function byChannel(channel: string): Person['authentication'] {
  return { methods: [`${mark}${channel}`], at: null };
}

/** The channel that a method of authentication names: another system vouches for the person. No token may name one. */
export function channelIn(method: string): string | null {
  return method.startsWith(mark) ? method.slice(mark.length) : null;
}

/** The channel that somebody came by; null for whoever sent a token of their own. */
export function channelOf(person: Pick<Person, 'authentication'>): string | null {
  // A log from elsewhere may hold a person without any of this.
  const { authentication } = person as Partial<Pick<Person, 'authentication'>>;
  const methods: unknown = authentication?.methods;
  if (!Array.isArray(methods)) return null;
  for (const method of methods as readonly unknown[]) {
    const channel = typeof method === 'string' ? channelIn(method) : null;
    if (channel !== null) return channel;
  }
  return null;
}

/**
 * Stands for somebody outside whom the directory does not know, so that their refusal can be recorded. Its issuer is no
 * URL, so no token can be of it, and it has no role.
 */
export function stranger(channel: string, { team, user }: OutsideAccount): Person {
  const subject = team === '' ? user : `${team}/${user}`;
  return {
    issuer: `${mark}${channel}`,
    subject,
    name: subject,
    roles: [],
    groups: [],
    authentication: byChannel(channel),
  };
}

/**
 * Why nothing that somebody decides by a channel counts, or not an approval; null where it does, and for whoever came with
 * a token. The policy that the change pinned has to name the channel. A channel knows nothing but the account: whoever
 * comes by it with groups of a token, a time of login or a further method did not come by it.
 *
 * @param decision - null where it is not known yet what they will decide
 * @returns null, or `channel_not_allowed` (403)
 */
export function refusalOfChannel(
  policy: Pick<PinnedPolicy, 'name' | 'channels'>,
  person: Person,
  decision: 'approve' | 'reject' | null,
): CountersignError | null {
  const channel = channelOf(person);
  if (channel === null) return null;
  const { methods, at } = person.authentication;
  if (isMachine(person) || person.issuer === machineIssuer) {
    return refused('a machine decides nothing');
  }
  if (methods.length !== 1 || at !== null || person.groups.length > 0) {
    return refused(`expected no more than the account in ${channel}`);
  }
  const named = channelsOf(policy).find(({ name }) => name === channel);
  if (!named) return refused(`policy ${policy.name} takes no decisions from ${channel}`);
  // A mode that is not known lets nothing be approved.
  if (named.mode !== 'decide' && decision === 'approve') {
    return refused(`policy ${policy.name} takes only rejections from ${channel}`);
  }
  return null;
}

/** Which decisions by a channel count under a policy, so that a message has buttons for no others. */
export function decisionsBy(
  policy: Pick<PinnedPolicy, 'channels'>,
  channel: string,
): readonly ('approve' | 'reject')[] {
  const named = channelsOf(policy).find(({ name }) => name === channel);
  if (!named) return [];
  return named.mode === 'decide' ? ['approve', 'reject'] : ['reject'];
}

/** An entry that somebody has made up may hold anything here. */
function channelsOf({ channels }: Pick<PinnedPolicy, 'channels'>): readonly Channel[] {
  return Array.isArray(channels) ? (channels as readonly Channel[]) : [];
}

function refused(message: string): CountersignError {
  return new CountersignError('channel_not_allowed', message);
}
