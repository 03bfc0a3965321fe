import { isDeepStrictEqual as isSame } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import { activityInfo } from '@temporalio/activity';
import { plainEncoding } from '../domain/answer-encoding.ts';
import { changeIdIn, changeWorkflowType, workflowIdOf } from '../domain/change.ts';
import type { ChangeRequest, HostRequest } from '../domain/change.ts';
import type { Requested } from '../domain/change-event.ts';
import { changeOf } from '../domain/evolve.ts';
import { hostMembers, isAllowedHost, requesterOfHost } from '../domain/host.ts';
import type { Host, KeyedHost } from '../domain/host.ts';
import { changeIdOfHostKey, hostRequestDigest } from '../domain/host-key.ts';
import { needsNobody } from '../domain/progress.ts';
import type { PinnedPolicy } from '../domain/policy.ts';
import { isoTime } from '../domain/time.ts';
import { readInput } from '../operations/inputs.ts';
import { pinsOf } from '../operations/operation.ts';
import type { HostAccepted, HostFollowed, LogActivities, Opening, Refused } from './contract.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { makeGateAcceptance } from './accept-gate.ts';
import { asFailure } from './failure.ts';
import {
  askingHost,
  encodingOfRequest,
  goesOn,
  hostKey,
  hostOfOpen,
  keyedHost,
  keyedHostOfOpen,
} from './host.ts';
import type { Asking } from './host.ts';
import { unreadableIn } from '../domain/unreadable.ts';
import { makeOpenHosted } from './open-hosted.ts';
import type { Heard, OpenForHost, OpeningSteps, Prepared } from './open-hosted.ts';
import { readHostRequest } from './host-request.ts';
import type { KeptChanges } from './kept-changes.ts';
import { refusal, refusedOr } from './refused-or.ts';
import { assertAttributes } from './search-attributes.ts';

/** The workflow type that follows a change, see workflows/messages.ts. */
const followWorkflowType = 'follow';
/** How often a change that its workflow has left open is looked at again: the reconciler closes it meanwhile. */
const looks = 100;

/** Decides what hosts may ask for, by this worker's own policies and by what Temporal says of them. */
export function makeHostAcceptance(
  deps: Pick<ActivityDependencies, 'operations' | 'policies' | 'hosts' | 'linkOf' | 'hidesTargets' | 'alarm'>,
  kept: KeptChanges,
) {
  const { operations, policies, hosts = [], linkOf = () => null, hidesTargets = false } = deps;

  /** The host that asks, by a workflow of ours. @throws a refusal `host_not_allowed` when it may not */
  async function allowed(type: string): Promise<Asking> {
    const asking = await askingHost(type);
    const { namespace, type: asked } = asking.host;
    if (!isAllowedHost(hosts, asking.host)) {
      throw refusal(
        'host_not_allowed',
        `workflows of type ${asked} in namespace ${namespace} may not ask for changes`,
      );
    }
    return asking;
  }

  function policyForHost(asked: Parameters<typeof policies.forHost>[0], startedAt: string): PinnedPolicy {
    const policy = policies.forHost(asked, Date.parse(startedAt));
    // Only the API's signature on the submission guards such a call, and a host has none.
    if (needsNobody({ breakGlass: false, policy })) {
      throw refusal(
        'token_needed',
        `policy ${policy.name} asks nobody, so a person has to ask for it by the API`,
      );
    }
    return policy;
  }

  /** The host with its chain, where the request has a key: whose id the key makes, nobody else can take. */
  async function keyed({ host }: Asking, { id, key }: HostRequest): Promise<KeyedHost> {
    if (key === null) {
      if (isRandom(id)) return { ...host, firstRunId: null };
      throw refusal('invalid_request', 'id: expected a UUID of version 4, since there is no key');
    }
    const found = await keyedHost(host);
    if (id === changeIdOfHostKey(hostKey(found, key))) return found;
    throw refusal('invalid_request', 'id: expected that of the key and of this workflow’s chain of runs');
  }

  /** The stored change is just what this host asks for. */
  async function assertSame(host: KeyedHost, asked: HostRequest, key: string): Promise<void> {
    const { key: known, bodyDigest } = (await asFailure(() => kept.requestedKey(asked.id))) ?? {};
    if (known === hostKey(host, key) && bodyDigest === hostRequestDigest(asked)) return;
    throw refusal('key_reused', `the key ${key} belongs to change ${asked.id}, with another request`);
  }

  /** What a host is told of the change that its key is for, where there is one. */
  async function knownTo(
    host: KeyedHost,
    asked: HostRequest,
  ): Promise<(HostFollowed & { kind: 'followed' }) | null> {
    const { id, key } = asked;
    if (key === null) return null;
    const stored = await asFailure(() => kept.change(id));
    if (stored === null) return null;
    await assertSame(host, asked, key);
    const isItsOwn = activityInfo().workflowExecution?.workflowId === workflowIdOf(id);
    if (isItsOwn && stored.closedAt === null) {
      const message = `change ${id} is open, and its workflow has ended`;
      if (activityInfo().attempt > looks) throw refusal('integrity_conflict', message);
      throw ApplicationFailure.retryable(message, 'integrity_conflict');
    }
    return { kind: 'followed', host, url: linkOf(id), tellsOpened: asked.tellsOpened };
  }

  /** What comes of a host's request, and in which encoding the host is told. @param work - writes nothing */
  async function answered<T extends object>(
    sent: unknown,
    work: () => Promise<T>,
  ): Promise<(T | Refused) & { readonly answerIn: string }> {
    const [answerIn, answer] = await Promise.all([encodingFor(sent), refusedOr(deps, work)]);
    return { ...answer, answerIn };
  }

  async function encodingFor(sent: unknown): Promise<string> {
    return unreadableIn(sent) !== null ? plainEncoding : await asFailure(encodingOfRequest);
  }

  /** What a host asks for, and which host it is. */
  async function heard(sent: unknown): Promise<Heard> {
    const asked = readHostRequest(sent);
    const asking = await allowed(changeWorkflowType);
    if (activityInfo().workflowExecution?.workflowId !== workflowIdOf(asked.id))
      throw refusal('host_not_allowed', `${asked.id} is another change than this workflow's`);
    return { asked, asking, host: await keyed(asking, asked) };
  }

  /** What a host is told of its change, and what its workflow has to know of the host. */
  const toldOf = (changeId: string, { asking, host }: Pick<Heard, 'asking' | 'host'>) => ({
    ...{ host, url: linkOf(changeId), hidesTarget: hidesTargets },
    ...(asking.byNexus ? { outlivesHost: true as const } : {}),
  });

  /** The whole request, with the policy of this worker's own file. */
  async function requestOf({ asked, asking, host }: Heard): Promise<ChangeRequest> {
    await assertAttributes();
    const { startedAt } = asking;
    const { decideWithinMs, executeWithinMs, tellsOpened: _, key, operationVersion, ...rest } = asked;
    const found = readInput(operations, asked);
    if (found.fault !== null) throw refusal('invalid_request', found.fault);
    if (operationVersion !== null && operationVersion !== found.operation.version) {
      const message = `the host has version ${operationVersion} of ${asked.operation}, this worker ${found.operation.version}`;
      throw refusal('operation_out_of_step', message);
    }
    const { target } = found;
    const question = {
      ...rest,
      target,
      requester: requesterOfHost(asked.requester, host),
      breakGlass: false,
    };
    const policy = policyForHost(question, startedAt);
    const decideMs = Math.min(decideWithinMs ?? Infinity, policy.decideWithinMs);
    return {
      ...question,
      ...pinsOf(found.operation),
      input: found.input,
      policy,
      submittedAt: startedAt,
      decideBy: isoTime(Date.parse(startedAt) + decideMs),
      executeAfter: null,
      executeBy: null,
      executeWithinMs: Math.min(executeWithinMs ?? Infinity, policy.executeWithinMs),
      submission: null,
      idempotency: key === null ? null : { key: hostKey(host, key), bodyDigest: hostRequestDigest(asked) },
      source: `workflow ${host.workflowId}`,
    };
  }

  const acceptHost = ({ request: sent }: { readonly request: unknown }) =>
    answered(sent, async (): Promise<HostAccepted | HostFollowed> => {
      const hears = await heard(sent);
      const { asked, host } = hears;
      const known = await knownTo(host, asked);
      if (known !== null) return known;
      const { tellsOpened } = asked;
      return { kind: 'accepted', tellsOpened, ...toldOf(asked.id, hears), request: await requestOf(hears) };
    });

  /** What is to be opened for a host, or what another run has opened. */
  async function prepared(sent: unknown): Promise<Prepared | HostFollowed> {
    const hears = await heard(sent);
    const known = await knownTo(hears.host, hears.asked);
    return known ?? { kind: 'accepted', hears, request: await requestOf(hears) };
  }

  /** Whom to tell of a change that this run has opened: it is open, whatever is allowed or can be read by now. */
  async function again(sent: unknown, requested: Requested): Promise<OpenForHost> {
    // A host's change has its host in its first entry.
    const known = requested.host as unknown as Host;
    const asking = await asFailure(() => hostOfOpen(changeWorkflowType, known));
    const host =
      requested.idempotency === null
        ? { ...asking.host, firstRunId: null }
        : await asFailure(() => keyedHostOfOpen(asking.host));
    const tells = (sent as Partial<HostRequest> | null)?.tellsOpened === true;
    return { change: changeOf(requested), asking, host, tells };
  }

  function opener({ openedBefore, open, read, endWithHost }: OpeningSteps): LogActivities['openHosted'] {
    return makeOpenHosted({
      ...{ again, encodingFor, open, read, endWithHost },
      prepare: (sent) => refusedOr(deps, () => prepared(sent)),
      toldOf: (opened) => toldOf(opened.change.id, opened),
      async openedBefore() {
        const changeId = changeIdIn(activityInfo().workflowExecution?.workflowId ?? '');
        return changeId === null ? null : await asFailure(() => openedBefore(changeId));
      },
    });
  }

  const activities: Pick<
    LogActivities,
    'acceptGate' | 'acceptHost' | 'followHost' | 'hostGoesOn' | 'changeEnd'
  > = {
    acceptGate: makeGateAcceptance(deps, allowed),
    acceptHost,

    followHost: ({ request: sent }) =>
      answered(sent, async (): Promise<HostFollowed> => {
        const asked = readHostRequest(sent);
        const host = await keyed(await allowed(followWorkflowType), asked);
        const known = await knownTo(host, asked);
        if (known !== null) return known;
        throw ApplicationFailure.retryable(`there is no change ${asked.id} yet`, 'not_found');
      }),

    hostGoesOn: ({ host, orStill }) => goesOn(host, orStill),

    async changeEnd({ changeId }) {
      const change = await asFailure(() => kept.change(changeId));
      if (change?.closedAt == null)
        throw ApplicationFailure.retryable(`change ${changeId} is open`, 'not_ended');
      const output = await asFailure(() => kept.output(changeId));
      return { change, output, url: linkOf(changeId) };
    },
  };

  return {
    activities,
    opener,
    /** Checks that a host's request has exactly the members that this worker itself would give it. */
    async assertHosted({ request: change, host }: Opening): Promise<void> {
      const asking = await allowed(changeWorkflowType);
      const { startedAt } = asking;
      const policy = policyForHost(change, startedAt);
      if (!isSame(policy, change.policy)) {
        throw refusal('policy_out_of_step', 'the policies of this worker are others than a moment ago');
      }
      const latest = Date.parse(startedAt) + policy.decideWithinMs;
      const { idempotency } = change;
      const isOurs =
        isSame(change.requester, requesterOfHost(change.requester, asking.host)) &&
        host !== null &&
        isSame(hostMembers(host), hostMembers(asking.host)) &&
        change.submittedAt === startedAt &&
        Date.parse(change.decideBy) <= latest &&
        (idempotency === null ? isRandom(change.id) : change.id === changeIdOfHostKey(idempotency.key)) &&
        !change.breakGlass;
      if (!isOurs) throw refusal('invalid_request', 'the change is not as a host may ask for it');
    },
  };
}

/** Whether an id is a UUID of version 4, as no key makes one. */
function isRandom(id: string): boolean {
  return id[14] === '4';
}
