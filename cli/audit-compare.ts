import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { Pool } from 'pg';
import { compareChanges, comparePage, isKnownChange } from '../audit/compare/compare-changes.ts';
import type { ChangeDifference } from '../audit/compare/compare-changes.ts';
import { compareRulePage, firstRules } from '../audit/compare/compare-rules.ts';
import type { ComparedRules, RuleDifference, RulePlace } from '../audit/compare/compare-rules.ts';
import { CountersignError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { makePool } from '../store/pool.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { asJudging } from './judging-command.ts';
import type { Output } from './print.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `countersign audit compare`: whether what Postgres keeps of changes and of rules is the fold of their entries. */
export function auditCompareCommand(audit: Command, env: () => Environment, output: () => Output): void {
  asJudging(audit.command('compare'))
    .description(
      'compare what is stored of changes, freezes, revocations and tokens with the log: 0 the same, 1 it differs, 2 not compared',
    )
    .option('--change <id>', 'one change; otherwise everything')
    .action(async (o: { change?: string }) => {
      const changeId = o.change?.toLowerCase();
      if (changeId !== undefined && !uuid.test(changeId))
        throw new InvalidArgumentError(`--change: expected a change's id, got ${changeId}`);
      const pool = makePool({
        connectionString: required(env(), 'DATABASE_URL'),
        applicationName: 'countersign audit compare',
        max: 1,
      });
      try {
        const found = await (changeId === undefined ? compareAll(pool) : compareOne(pool, changeId));
        const { compared, rules, differences } = found;
        const all = `${compared} changes and ${rules} freezes, revocations and tokens`;
        output().result(found, [
          ...differences.flatMap(linesOf),
          differences.length === 0
            ? `the same: ${all} are what their entries make them`
            : `DIFFERENT: ${differences.length} of ${all}`,
        ]);
        if (differences.length > 0) process.exitCode = 1;
      } finally {
        await pool.end();
      }
    });
}

interface Comparison {
  /** Changes. */
  readonly compared: number;
  /** Freezes, revoked policies and API tokens; 0 where one change was asked for. */
  readonly rules: number;
  readonly differences: readonly (ChangeDifference | RuleDifference)[];
}

async function compareOne(pool: Pool, changeId: string): Promise<Comparison> {
  if (!(await isKnownChange(pool, changeId)))
    throw new CountersignError('not_found', `neither the log nor a row knows change ${changeId}`);
  return { compared: 1, rules: 0, differences: await compareChanges(pool, [changeId]) };
}

async function compareAll(pool: Pool): Promise<Comparison> {
  const differences: (ChangeDifference | RuleDifference)[] = [];
  let compared = 0;
  let rules = 0;
  let from: string | null = null;
  do {
    const page = await comparePage(pool, from);
    compared += page.compared;
    differences.push(...page.differences);
    from = page.next;
  } while (from !== null);
  let place: RulePlace | null = firstRules;
  while (place !== null) {
    const page: ComparedRules = await compareRulePage(pool, place);
    rules += page.compared;
    differences.push(...page.differences);
    place = page.next;
  }
  return { compared, rules, differences };
}

function linesOf(found: ChangeDifference | RuleDifference): string[] {
  const of = 'changeId' in found ? `change ${found.changeId}` : `${found.rule} ${found.id}`;
  return found.fields.map(
    ({ field, logged, stored }) =>
      `${of}: ${field}: stored ${textOf(stored)}, the log says ${textOf(logged)}`,
  );
}

/** At most so much of a value is printed. */
const mostShown = 200;

function textOf(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
