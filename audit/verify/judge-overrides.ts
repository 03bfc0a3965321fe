import { refusalToOverride } from '../../domain/freeze.ts';
import type { FreezeOverride } from '../../domain/freeze.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { namesWriter } from '../../domain/entry-writer.ts';
import type { Person } from '../../domain/person.ts';
import { isComplete } from './change-record.ts';
import type { ChangeRecord } from './change-record.ts';
import { stringOf } from './fields.ts';
import { freezeIn } from './log-facts.ts';
import type { LogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';
import { personOf } from './statement-of.ts';

/** Most overrides of one change that are remembered: one for each freeze and digest. */
const mostOverrides = 100;

/**
 * A freeze is overridden by whom the change's policy names for it. Whether the freeze and the digest are those of the call
 * shows at the call.
 *
 * @throws TypeError for an entry without the members of its type
 */
export function judgeOverridden(
  facts: LogFacts,
  record: ChangeRecord,
  body: EntryBody,
  report: Report,
): void {
  const { whole, change } = record;
  if (!whole) return;
  const { actor, time, directory = [] } = body;
  const by = personOf(actor);
  const { roles, groups, authentication } = actor;
  const digest = stringOf(body.digest);
  if (by === null || !isTexts(roles) || !isTexts(groups) || !isTexts(directory) || digest === null)
    throw new TypeError('without the members of an override');
  if (typeof authentication !== 'object' || authentication === null)
    throw new TypeError('member authentication is no object');
  const { id: freezeId } = freezeIn(body.freeze, null);
  const refusal = refusalToOverride(change, actor as unknown as Person, directory, Date.parse(time));
  if (refusal !== null) {
    report('override_not_allowed', `${refusal.code}: ${refusal.message}`);
    return;
  }
  if (isComplete(record) || !namesWriter(body)) return;
  const own = facts.overrides.get(change.id) ?? new Map<string, FreezeOverride>();
  if (own.size < mostOverrides) {
    const override = { freezeId, changeId: change.id, digest, by: { ...by, name: '' }, at: time };
    own.set(`${freezeId}/${digest}`, override);
  }
  facts.overrides.set(change.id, own);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
