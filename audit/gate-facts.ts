import { canonicalJson } from '../domain/canonical-json.ts';
import type { Change } from '../domain/change.ts';
import type { IsWritten } from '../domain/entry-writer.ts';
import { CountersignError } from '../domain/error.ts';
import { concerns, inForce } from '../domain/freeze.ts';
import type { Freeze, FreezeOverride } from '../domain/freeze.ts';
import type { GateFacts } from '../domain/gate-facts.ts';
import { freezeIn, overrideIn, revocationIn, ruleIdIn } from '../domain/rule-entries.ts';
import type { LoggedRevocation, RuleRef } from '../domain/rule-entries.ts';
import { isInLog } from '../store/is-in-log.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';
import { bodyOf } from './read-body.ts';
import { freezeRow, overrideRow, revocationRow } from './rule-rows.ts';

interface Row {
  readonly freezes: readonly Freeze[];
  readonly declared: readonly Buffer[];
  readonly lifted: readonly Buffer[];
  readonly revocation: LoggedRevocation | null;
  readonly revoked: readonly Buffer[];
  readonly overrides: readonly FreezeOverride[];
  readonly overridden: readonly Buffer[];
}

/** What is asked of whoever reads {@link readGateFacts}. */
type Asking = Pick<Change, 'id' | 'policy' | 'operation' | 'target'>;

/**
 * What may keep a change from running at a moment, by the tables and by the log, in one statement. Neither is believed
 * alone: what stops calls counts when either tells it, what lets them go when both do, and the API's key wrote its entry.
 *
 * @param isWritten - whether a key of the API wrote an entry
 * @param at - ISO 8601
 * @throws CountersignError `log_unavailable`; `log_untrusted` where an entry of a freeze cannot be read
 */
export async function readGateFacts(
  db: Queryable,
  isWritten: IsWritten,
  change: Asking,
  at: string,
): Promise<GateFacts> {
  try {
    const { rows } = await db.query<Row>({
      name: 'gate-facts',
      text: `select
          (select coalesce(json_agg(${freezeRow}), '[]') from countersign.freeze
            where lifted_at is null and starts_at <= greatest($1::timestamptz, declared_at)
              and coalesce(ends_at, 'infinity') > $1::timestamptz) as freezes,
          array(select d.bytes from audit.entry d
            where d.type = 'freeze.declared' and audit.freeze_end(d.bytes) collate "C" > $2) as declared,
          array(select l.bytes from audit.entry d
            join audit.entry l on l.type = 'freeze.lifted' and audit.rule(l.bytes) = audit.rule(d.bytes)
            where d.type = 'freeze.declared' and audit.freeze_end(d.bytes) collate "C" > $2
              and ${isInLog('l')}) as lifted,
          (select ${revocationRow} from countersign.policy_revocation where digest = $3) as revocation,
          array(select bytes from audit.entry
            where type = 'policy.revoked' and audit.rule(bytes) = $3) as revoked,
          (select coalesce(json_agg(${overrideRow}), '[]') from countersign.freeze_override
            where change_id = $4) as overrides,
          array(select o.bytes from audit.entry o
            where o.change_id = $4 and o.type = 'freeze.overridden' and ${isInLog('o')}) as overridden`,
      values: [at, at, change.policy.digest, change.id],
    });
    return factsOf(rows[0] as Row, isWritten, change, Date.parse(at));
  } catch (error) {
    throw asLogError(error);
  }
}

function factsOf(row: Row, isWritten: IsWritten, change: Asking, now: number): GateFacts {
  const logged = stillDeclared(row, isWritten, change).filter((freeze) => inForce(freeze, now));
  const policyDigest = change.policy.digest;
  const revoked = revocationIn(row.revoked.map(bodyOf));
  const overridden = row.overridden.map(bodyOf).filter(isWritten);
  const told = new Set(overridden.map((body) => canonicalJson(overrideIn(body))));
  const overrides = row.overrides.filter((one) => told.has(canonicalJson(one)));
  const isRevocationSame = (row.revocation === null) === (revoked === null);
  return {
    freezes: [...logged, ...row.freezes],
    overrides,
    revocation: revoked ?? row.revocation,
    differing: [
      ...differingFreezes(row.freezes, logged),
      ...(isRevocationSame ? [] : [{ rule: 'revocation', id: policyDigest } as const]),
    ],
    overridesDiffer: told.size !== overrides.length || overrides.length !== row.overrides.length,
  };
}

/** The freezes that entries declare and no entry lifts. Signatures are asked for only where a lifting would let this change go. */
function stillDeclared(row: Row, isWritten: IsWritten, change: Asking): Freeze[] {
  const lifted = row.lifted.map(bodyOf);
  return row.declared
    .map(readFreeze)
    .filter(
      (freeze) =>
        !lifted.some(
          (body) => ruleIdIn(body) === freeze.id && (!concerns(freeze, change) || isWritten(body)),
        ),
    );
}

function differingFreezes(rows: readonly Freeze[], logged: readonly Freeze[]): RuleRef[] {
  const texts = (freezes: readonly Freeze[]) => new Map(freezes.map((one) => [one.id, canonicalJson(one)]));
  const [stored, told] = [texts(rows), texts(logged)];
  return [...new Set([...stored.keys(), ...told.keys()])]
    .filter((id) => stored.get(id) !== told.get(id))
    .map((id) => ({ rule: 'freeze', id }));
}

function readFreeze(bytes: Buffer): Freeze {
  const freeze = freezeIn([bodyOf(bytes)]);
  // It may be the one that holds this call.
  if (freeze === null) throw new CountersignError('log_untrusted', 'the entry of a freeze cannot be read');
  return freeze;
}
