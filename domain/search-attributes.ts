/** The search attributes of a change's workflow, all Keyword; see docs/operations.md. */
export const searchAttributes = {
  CountersignOperation: 'Keyword',
  CountersignTarget: 'Keyword',
  CountersignDecision: 'Keyword',
  CountersignExecution: 'Keyword',
} as const;
