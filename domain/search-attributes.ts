/** The search attributes of a change's workflow, all Keyword; see docs/operations.md. */
export const searchAttributes = {
  CountersignOperation: 'Keyword',
  CountersignTarget: 'Keyword',
  CountersignDecision: 'Keyword',
  CountersignExecution: 'Keyword',
} as const;

/**
 * A query that names search attributes, all Keyword: Temporal refuses it (INVALID_ARGUMENT) in a namespace that lacks one.
 * Whoever may run workflows may ask it; listing attributes is a right of its own.
 */
export function searchAttributesQuery(names: readonly string[] = Object.keys(searchAttributes)): string {
  return names.map((name) => `${name} = "none"`).join(' AND ');
}
