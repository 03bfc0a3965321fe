import { windowProblem } from '../calendar/window.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Change, ChangeRequest } from '../domain/change.ts';
import { newChange } from '../domain/change-state.ts';
import { requestErrors } from '../operations/change-request.ts';

/**
 * Why no change can be opened with a request, in words, or null: whoever may start workflows may have sent anything.
 *
 * @param change - what is to be opened: the request's own change, and no other
 */
export function requestFault(request: unknown, change: Change): string | null {
  const [wrong] = requestErrors(request);
  if (wrong) return `${wrong.field}: ${wrong.message}`;
  const read = request as ChangeRequest;
  for (const window of read.policy.windows) {
    const problem = windowProblem(window);
    if (problem !== null) return `policy.windows: ${problem}`;
  }
  return canonicalJson(change) === canonicalJson(newChange(read))
    ? null
    : 'another change than was asked for';
}
