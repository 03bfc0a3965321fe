import { operationNameFault } from '../domain/activity-names.ts';
import type { Declaration } from '../domain/declaration.ts';
import { ownQueueFault } from '../domain/installation.ts';
import { mostScopeMembers } from '../domain/target-scope.ts';
import { tellsApart, templatePieces } from '../domain/target-template.ts';
import { readJsonSchema } from './json-schema.ts';
import type { OperationsDocument } from './operations-document.ts';

/** A rule that a file of declared operations breaks, and where in it. */
export interface DeclarationFinding {
  readonly path: readonly PropertyKey[];
  /** A stable word; see docs/operations-file.md. */
  readonly rule:
    'duplicate' | 'bundled' | 'reserved' | 'json_schema' | 'strict_object' | 'template' | 'worker';
  readonly message: string;
}

/** What a file's operations may not take. */
export interface Taken {
  /** Names of operations that are there without the file. */
  readonly names: readonly string[];
  /** The name of the installation, whose task queues are its own. */
  readonly installation: string;
}

/** What is wrong with a file of declared operations beyond its form; empty where nothing is. */
export function declarationFindings({ operations }: OperationsDocument, taken: Taken): DeclarationFinding[] {
  return operations.flatMap((declaration, at) => {
    const { name } = declaration;
    const found = [
      ...schemaFindings(declaration),
      ...targetFindings(declaration),
      ...workerFindings(declaration, taken),
    ];
    const reserved = operationNameFault(name);
    if (reserved !== null) found.push({ path: ['name'], rule: 'reserved', message: reserved });
    if (taken.names.includes(name))
      found.push({ path: ['name'], rule: 'bundled', message: `${name} is there already` });
    else if (operations.findIndex((one) => one.name === name) < at)
      found.push({
        path: ['name'],
        rule: 'duplicate',
        message: `${name} is declared twice; a process has one version of it, another one is another worker’s`,
      });
    return found.map((finding) => ({ ...finding, path: ['operations', at, ...finding.path] }));
  });
}

function schemaFindings({ input, snapshot, output }: Declaration): DeclarationFinding[] {
  const found = Object.entries({ input, snapshot, output }).flatMap(([member, schema]) =>
    (schema === undefined ? [] : (readJsonSchema(schema).faults ?? [])).map(
      ({ path, message }): DeclarationFinding => ({ path: [member, ...path], rule: 'json_schema', message }),
    ),
  );
  for (const [member, schema] of Object.entries({ input, output })) {
    if (schema === undefined) continue;
    if (schema['type'] !== 'object')
      found.push({ path: [member], rule: 'strict_object', message: 'expected type: object' });
    if (schema['additionalProperties'] !== false)
      found.push({
        path: [member],
        rule: 'strict_object',
        message: 'expected additionalProperties: false: an unknown member has to be refused',
      });
    if (schema['patternProperties'] !== undefined)
      found.push({
        path: [member, 'patternProperties'],
        rule: 'strict_object',
        message: 'expected properties alone: a pattern lets members by that nobody has named',
      });
  }
  return found;
}

function targetFindings({ input, target }: Declaration): DeclarationFinding[] {
  const { id, label, scope } = target;
  const members = Object.entries(scope);
  const found: DeclarationFinding[] = [];
  const wrong = (path: readonly string[], message: string) =>
    found.push({ path: ['target', ...path], rule: 'template', message });
  for (const [path, template] of [
    ...([
      [['id'], id],
      [['label'], label],
    ] as const),
    ...members.map(([name, text]) => [['scope', name], text] as const),
  ]) {
    const pieces = templatePieces(template);
    if (pieces === null) {
      wrong(path, 'expected text with {input.name} for members of the input, and no other braces');
      continue;
    }
    for (const piece of pieces) {
      const fault = 'member' in piece ? memberFault(input, piece.member) : null;
      if (fault !== null) wrong(path, fault);
    }
    if (path[0] === 'scope' && pieces.length > 1)
      wrong(path, 'expected one member of the input, as {input.name}, or a text: policies match it as it is');
    if (path[0] === 'id' && !tellsApart(pieces))
      wrong(
        path,
        'expected a character such as / between two members: without it two inputs have one target',
      );
  }
  if (members.length > mostScopeMembers) wrong(['scope'], `expected at most ${mostScopeMembers} members`);
  return found;
}

/** Why a template cannot have a member of the input, or null. */
function memberFault(input: Declaration['input'], name: string): string | null {
  const { properties, required } = input;
  const member = isObject(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (!isObject(member)) return `the input's schema has no property ${name}`;
  if (!Array.isArray(required) || !required.includes(name))
    return `the input's schema does not require ${name}`;
  const isPlain = ['string', 'integer', 'boolean'].some((type) => type === member['type']);
  return isPlain ? null : `expected ${name} to have the type string, integer or boolean`;
}

function workerFindings({ worker }: Declaration, { installation }: Taken): DeclarationFinding[] {
  const { taskQueue, read, call } = worker;
  const found: DeclarationFinding[] = [];
  const own = ownQueueFault(installation, taskQueue);
  if (own !== null) found.push({ path: ['worker', 'taskQueue'], rule: 'worker', message: own });
  else if (taskQueue.startsWith('/_sys/'))
    found.push({
      path: ['worker', 'taskQueue'],
      rule: 'worker',
      message: 'Temporal keeps names that begin with /_sys/ for itself',
    });
  if (read === call)
    found.push({
      path: ['worker', 'call'],
      rule: 'worker',
      message: 'expected another activity type than read has',
    });
  return found;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
