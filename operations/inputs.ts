import type { z } from 'zod';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Change } from '../domain/change.ts';
import type { JsonObject } from '../domain/json.ts';
import type { Target } from '../domain/target.ts';
import { activeCaCertificateInput } from './active-ca-certificate-input.ts';
import { operationOf, operations } from './registry.ts';
import type { OperationName } from './registry.ts';

const schemas: Record<OperationName, z.ZodType<JsonObject>> = {
  ActiveCaCertificate: activeCaCertificateInput,
};

/** The schema of an operation's input, or undefined when there is no such operation. Not for the workflow's sandbox. */
export function inputSchemaOf(name: string): z.ZodType<JsonObject> | undefined {
  return Object.hasOwn(schemas, name) ? schemas[name as OperationName] : undefined;
}

/** Every gated operation as a requester sees it. */
export function describeOperations(): { name: string; title: string; input: z.ZodType<JsonObject> }[] {
  return Object.entries(schemas).map(([name, input]) => ({
    name,
    title: operations[name as OperationName].title,
    input,
  }));
}

/** Why a change cannot be one of its operation's, or null when it can: for requests that did not come by the API. */
export function faultOf({ target, ...asked }: Pick<Change, 'operation' | 'input' | 'target'>): string | null {
  const found = targetOf(asked);
  if (found.fault !== null) return found.fault;
  // Its scope and label too: policies and freezes match the one, people read the other.
  const isSame = canonicalJson(target) === canonicalJson(found.target);
  return isSame ? null : `${target.id} is not the target of this input`;
}

/** What the operation would act on with an input, or why it cannot be its input. */
export function targetOf({
  operation: name,
  input,
}: Pick<Change, 'operation' | 'input'>):
  { readonly fault: null; readonly target: Target } | { readonly fault: string } {
  const operation = operationOf(name);
  const checked = inputSchemaOf(name)?.safeParse(input);
  if (!operation || !checked) return { fault: `${name} is no gated operation` };
  if (checked.success) return { fault: null, target: operation.target(checked.data) };
  const [issue] = checked.error.issues;
  const path = [name, ...(issue?.path ?? [])].map(String).join('.');
  return { fault: `${path}: ${issue?.message ?? 'is not valid'}` };
}
