import { windowProblem } from '../calendar/window.ts';
import type { ChangeRequest } from '../domain/change.ts';
import { requestErrors } from '../operations/change-request.ts';

/** Why no change can be opened with a request, in words, or null: whoever may start workflows may have sent anything. */
export function requestFault(request: unknown): string | null {
  const [wrong] = requestErrors(request);
  if (wrong) return `${wrong.field}: ${wrong.message}`;
  const read = request as ChangeRequest;
  for (const window of read.policy.windows) {
    const problem = windowProblem(window);
    if (problem !== null) return `policy.windows: ${problem}`;
  }
  return null;
}
