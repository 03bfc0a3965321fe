import { shownText } from '../domain/shown-text.ts';
import { getSubscription } from '../store/get-subscription.ts';
import type { Queryable } from '../store/queryable.ts';
import { noBacklog, readBacklog } from '../store/read-backlog.ts';
import type { Finding } from './finding.ts';
import { noticesName } from './notices-subscription.ts';

const rightsMissing = '42501';

/**
 * The part of `countersign doctor` about COUNTERSIGN_WEBHOOK_URL: whether a deliverer has taken it up, and how far it is.
 *
 * @param host - of the address
 */
export async function examineNotices(db: Queryable, host: string): Promise<Omit<Finding, 'name'>> {
  try {
    return await stateOf(db, host);
  } catch (error) {
    // The worker's login sees no subscription.
    if ((error as { code?: unknown }).code !== rightsMissing) throw error;
    const found = `a deliverer brings them to ${host}; this login cannot see how far it is`;
    return { ok: true, found, remedy: '' };
  }
}

async function stateOf(db: Queryable, host: string): Promise<Omit<Finding, 'name'>> {
  const kept = await getSubscription(db, noticesName);
  if (kept === null) {
    const remedy = 'start countersign deliverer with COUNTERSIGN_WEBHOOK_URL and its secret';
    return { ok: false, found: `no deliverer has taken up ${host}: nobody is told`, remedy };
  }
  if (kept.source === 'api') {
    const found = `an admin has made a subscription ${noticesName}, whose name the deliverer needs`;
    return {
      ok: false,
      found,
      remedy: `countersign subscription delete ${noticesName}, then start the deliverer`,
    };
  }
  const { state, disabledReason, target } = kept;
  if (state === 'disabled') {
    const remedy = `ask whoever runs ${host}, or set the variables of every deliverer; then countersign subscription activate ${noticesName}`;
    return { ok: false, found: `disabled: ${shownText(disabledReason ?? '')}`, remedy };
  }
  if (target.kind !== 'webhook' || target.host !== host) {
    const found = 'the deliverer brings them elsewhere';
    return {
      ok: false,
      found,
      remedy: 'start the deliverer with the COUNTERSIGN_WEBHOOK_URL of this process',
    };
  }
  const { behind, deadLetters, oldestFailure } =
    (await readBacklog(db, noticesName)).get(noticesName) ?? noBacklog;
  if (oldestFailure !== null) {
    const found = `${behind} changes behind, ${deadLetters} dead letters; fails since ${oldestFailure.since}: ${shownText(oldestFailure.error)}`;
    return { ok: false, found, remedy: 'see the answers in docs/webhooks.md' };
  }
  return { ok: true, found: `brought to ${host}; ${behind} changes behind`, remedy: '' };
}
