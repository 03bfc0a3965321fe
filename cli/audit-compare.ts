import type { Command } from 'commander';
import type { Pool } from 'pg';
import { compareChanges, comparePage } from '../audit/compare/compare-changes.ts';
import type { ChangeDifference } from '../audit/compare/compare-changes.ts';
import { CountersignError } from '../domain/error.ts';
import type { Json } from '../domain/json.ts';
import { makePool } from '../store/pool.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import type { Output } from './print.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `countersign audit compare`: whether what Postgres keeps of changes is the fold of their entries. */
export function auditCompareCommand(audit: Command, env: () => Environment, output: () => Output): void {
  audit
    .command('compare')
    .description('compare what is stored of changes with the log: 0 the same, 1 it differs')
    .option('--change <id>', 'one change; otherwise all')
    .action(async (o: { change?: string }) => {
      const pool = makePool({
        connectionString: required(env(), 'DATABASE_URL'),
        applicationName: 'countersign audit compare',
        max: 1,
      });
      try {
        const { compared, differences } = await (o.change === undefined
          ? compareAll(pool)
          : compareOne(pool, o.change.toLowerCase()));
        output().result({ compared, differences }, [
          ...differences.flatMap(linesOf),
          differences.length === 0
            ? `the same: ${compared} changes are what their entries make them`
            : `DIFFERENT: ${differences.length} of ${compared} changes`,
        ]);
        if (differences.length > 0) process.exitCode = 1;
      } finally {
        await pool.end();
      }
    });
}

interface Comparison {
  readonly compared: number;
  readonly differences: readonly ChangeDifference[];
}

async function compareOne(pool: Pool, changeId: string): Promise<Comparison> {
  if (!uuid.test(changeId))
    throw new CountersignError('invalid_request', `expected a change's id, got ${changeId}`);
  return { compared: 1, differences: await compareChanges(pool, [changeId]) };
}

async function compareAll(pool: Pool): Promise<Comparison> {
  const differences: ChangeDifference[] = [];
  let compared = 0;
  for (let from: string | null = null; ;) {
    const page = await comparePage(pool, from);
    compared += page.compared;
    differences.push(...page.differences);
    if (page.next === null) return { compared, differences };
    from = page.next;
  }
}

function linesOf({ changeId, fields }: ChangeDifference): string[] {
  return fields.map(
    ({ field, logged, stored }) =>
      `change ${changeId}: ${field}: stored ${textOf(stored)}, the log says ${textOf(logged)}`,
  );
}

/** At most so much of a value is printed. */
const mostShown = 200;

function textOf(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > mostShown ? `${text.slice(0, mostShown)}…` : text;
}
