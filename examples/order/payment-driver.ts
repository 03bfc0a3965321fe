import { fault, implement } from 'countersign/operation';
import type { Fault } from 'countersign/operation';
import releasePayment from './release-payment.ts';

/** Carries out ReleasePayment: one request each, without repeats; Countersign makes them, as the class of a fault says. */
export function payments(service: string) {
  const ask = (method: 'GET' | 'POST', path: string, signal: AbortSignal) =>
    fetch(`${service}/payments/${path}`, { method, signal });
  return implement(releasePayment, {
    async read({ payment }, { signal }) {
      const answer = await ask('GET', payment, signal);
      const requestId = answer.headers.get('x-request-id') ?? '';
      if (answer.status === 404) return { ok: true, requestId, snapshot: null };
      if (!answer.ok) return refused(answer);
      const { payee, state } = (await answer.json()) as { payee: string; state: string };
      return { ok: true, requestId, snapshot: { payment, payee, state } };
    },
    async call({ payment }, { signal }) {
      const answer = await ask('POST', `${payment}/release`, signal);
      if (!answer.ok) return refused(answer);
      const { receipt } = (await answer.json()) as { receipt: string };
      return { ok: true, requestId: answer.headers.get('x-request-id') ?? '', output: { receipt } };
    },
    // fetch throws before anything is sent where nobody listens; of everything else nobody knows.
    classify: (thrown) =>
      (thrown as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED'
        ? fault('transient', 'ConnectionRefused', 'the payment service does not listen')
        : null,
  });
}

function refused({ status, headers }: Response): Fault {
  const known = { httpStatus: status, requestId: headers.get('x-request-id') };
  // This service answers 503 only where it has done nothing; after any other 5xx nobody knows.
  if (status === 503) return fault('transient', 'Unavailable', 'the service is busy', known);
  if (status >= 500) return fault('unknown', 'ServiceError', `the service answered ${status}`, known);
  return fault('permanent', 'Refused', `the service answered ${status}`, known);
}
