import { handleDecisions } from './decisions.ts';
import type { Run } from './run.ts';
import { handleWords } from './words.ts';

/**
 * The updates that people send by the API. A validator asks the rule, in workflow time; the handler takes its effect at
 * once, so that whatever comes next sees it, and answers when its entry is durable.
 */
export function handleRequests(run: Run): void {
  handleDecisions(run);
  handleWords(run);
}
