import type { JsonObject } from '../domain/json.ts';
import type { Operation } from './operation.ts';
import type { Operations } from './registry.ts';

/** A gated operation as a requester sees it. */
export interface DescribedOperation extends Pick<
  Operation,
  'name' | 'version' | 'title' | 'service' | 'inputSchemaDigest'
> {
  /** The JSON Schema of its input. */
  readonly input: JsonObject;
}

/** Every gated operation as a requester sees it. */
export function describeOperations({ list }: Operations): DescribedOperation[] {
  return list.map(({ name, version, title, service, inputSchema, inputSchemaDigest }) => ({
    name,
    version,
    title,
    service,
    input: inputSchema,
    inputSchemaDigest,
  }));
}
