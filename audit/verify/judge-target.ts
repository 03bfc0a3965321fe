import { hash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { pinnedInputSchema, targetOf } from '../../domain/declaration.ts';
import type { Declaration } from '../../domain/declaration.ts';
import type { EntryBody } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Target } from '../../domain/target.ts';
import { bundledTarget } from '../../operations/bundled-targets.ts';
import { objectOf, stringOf } from './fields.ts';
import { declarationKey } from './log-facts.ts';
import type { LogFacts } from './log-facts.ts';
import type { Report } from './problem.ts';

/** Most declarations that are followed at once: the newest. */
export const mostDeclarations = 1000;

/**
 * Remembers what a worker says that files declare. Each declaration has the digest that changes pin of it.
 * @throws TypeError for an entry without the members of its type
 */
export function takeOperations(
  facts: Pick<LogFacts, 'declared' | 'forgottenDeclarations' | 'unlistedDeclarations'>,
  { operations }: EntryBody,
  _whole: boolean,
  report: Report,
): void {
  if (operations !== null && !Array.isArray(operations)) throw new TypeError('member operations is no list');
  const listed = ((operations ?? []) as readonly JsonObject[]).map(objectOf);
  // One that is left out is absent; null says that the operation is defined by code.
  if (operations === null || listed.some(({ declaration }) => declaration === undefined))
    facts.unlistedDeclarations += 1;
  for (const { name, version, inputSchemaDigest, declaration = null } of listed) {
    if (declaration === null) continue;
    const whole = objectOf(declaration) as unknown as Declaration;
    const digest = digestOf(whole);
    if (digest === null || digest !== inputSchemaDigest || name !== whole.name || version !== whole.version)
      report('declaration_differs', 'what is declared of an operation does not have the digest of its pins');
    else remember(facts, declarationKey(whole.name, whole.version, digest), whole);
  }
}

/** The one that was told of longest ago gives way: changes pin what a worker has now. */
function remember(
  facts: Pick<LogFacts, 'declared' | 'forgottenDeclarations'>,
  key: string,
  declaration: Declaration,
): void {
  const { declared } = facts;
  declared.delete(key);
  const [oldest] = declared.keys();
  if (declared.size >= mostDeclarations && oldest !== undefined) {
    declared.delete(oldest);
    facts.forgottenDeclarations += 1;
  }
  declared.set(key, declaration);
}

/**
 * The target of a change is what its operation makes of its input: a bundled one, or one that an entry before declares. The input
 * of the latter is not judged by its schema: a verifier runs nothing that a log says.
 *
 * @returns false where the verifier knows no definition of the operation that the change pins, so that nothing was judged
 */
export function judgeTarget(facts: Pick<LogFacts, 'declared'>, body: EntryBody, report: Report): boolean {
  const define = definitionOf(facts, body);
  if (define === undefined) return false;
  const { target: id, scope, label } = body;
  if (canonicalJson({ id, scope, label }) !== made(define, objectOf(body['input'])))
    report('target_differs', `its target is not what ${body.operation ?? ''} makes of its input`);
  return true;
}

function definitionOf(
  { declared }: Pick<LogFacts, 'declared'>,
  { operation, operationVersion, inputSchemaDigest }: EntryBody,
): ((input: JsonObject) => Target) | undefined {
  const pins = [operation, operationVersion, inputSchemaDigest].map((pin) => stringOf(pin ?? null) ?? '');
  const [name, version, digest] = pins as [string, string, string];
  const declaration = declared.get(declarationKey(name, version, digest));
  return declaration === undefined
    ? bundledTarget(name, version, digest)
    : (input) => targetOf(declaration.target, input);
}

/** Null where the operation makes no target of the input. */
function made(define: (input: JsonObject) => Target, input: JsonObject): string | null {
  try {
    return canonicalJson(define(input));
  } catch {
    return null;
  }
}

/** Most operations that are named. */
const mostNamed = 20;

/** Counts changes whose target was not judged, and names their operations. */
export function countUndefinedOperations() {
  const names = new Set<string>();
  let changes = 0;
  return {
    add({ operation, operationVersion }: EntryBody): void {
      changes += 1;
      const version = stringOf(operationVersion ?? null) ?? '';
      if (names.size < mostNamed) names.add(`${operation ?? ''} version ${version}`);
    },
    told: () => ({ changes, names: [...names] }),
  };
}

function digestOf(declaration: Declaration): string | null {
  try {
    return hash('sha256', canonicalJson(pinnedInputSchema(declaration)));
  } catch {
    return null;
  }
}
