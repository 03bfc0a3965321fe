import { fault, implement } from 'countersign/operation';
import type { Fault } from 'countersign/operation';
import revokeLicence from './revoke-licence.ts';

/** Where the licence service is. The worker alone loads this file, so the API needs neither this nor the service's key. */
const service = process.env.LICENCE_SERVICE_URL ?? 'http://127.0.0.1:8400';

/** One request. There are no repeats here: Temporal makes them, as the class of the fault says. */
async function ask(method: 'GET' | 'POST', path: string, signal: AbortSignal): Promise<Response> {
  return fetch(`${service}/licences/${path}`, {
    method,
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  });
}

/** What an answer of the service says where it is no success. */
function refused({ status, headers }: Response): Fault {
  const known = { httpStatus: status, requestId: headers.get('x-request-id') };
  if (status === 429) return fault('throttled', 'TooManyRequests', 'too many requests', known);
  // This service answers 5xx only where it has done nothing.
  if (status >= 500) return fault('transient', 'ServiceError', `the service answered ${status}`, known);
  return fault('permanent', 'Refused', `the service answered ${status}`, known);
}

/** Carries out RevokeLicence. What this throws becomes a fault: of the call one whose outcome is unknown. */
export default implement(revokeLicence, {
  async read({ licence }, { signal }) {
    const answer = await ask('GET', licence, signal);
    const requestId = answer.headers.get('x-request-id') ?? '';
    if (answer.status === 404) return { ok: true, requestId, snapshot: null };
    if (!answer.ok) return refused(answer);
    const { holder, state } = (await answer.json()) as { holder: string; state: string };
    return { ok: true, requestId, snapshot: { licence, holder, state } };
  },
  async call({ licence }, { signal }) {
    const answer = await ask('POST', `${licence}/revocation`, signal);
    if (!answer.ok) return refused(answer);
    return { ok: true, requestId: answer.headers.get('x-request-id') ?? '' };
  },
});
