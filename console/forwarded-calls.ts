/** A call of the API that people make through the console. */
interface ForwardedCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
}

/**
 * Every call that is forwarded, and no other: no API tokens, no subscriptions and no revocations of policies, which are for
 * admins with a token of their own; a session that somebody takes over cannot make a credential that outlives it.
 */
export const forwardedCalls: readonly ForwardedCall[] = [
  { method: 'GET', path: '/v1/me' },
  { method: 'GET', path: '/v1/statistics' },
  { method: 'GET', path: '/v1/calendar' },
  { method: 'POST', path: '/v1/policy-explanations' },
  { method: 'GET', path: '/v1/operations' },
  { method: 'GET', path: '/v1/contract' },
  { method: 'GET', path: '/v1/changes' },
  { method: 'POST', path: '/v1/changes' },
  { method: 'GET', path: '/v1/changes/{id}' },
  { method: 'GET', path: '/v1/changes/{id}/events' },
  { method: 'POST', path: '/v1/changes/{id}/decisions' },
  { method: 'DELETE', path: '/v1/changes/{id}/decisions' },
  { method: 'POST', path: '/v1/changes/{id}/withdrawal' },
  { method: 'POST', path: '/v1/changes/{id}/execution' },
  { method: 'POST', path: '/v1/changes/{id}/review' },
  { method: 'GET', path: '/v1/freezes' },
  { method: 'POST', path: '/v1/freezes' },
  { method: 'GET', path: '/v1/freezes/{id}' },
  { method: 'DELETE', path: '/v1/freezes/{id}' },
  { method: 'POST', path: '/v1/freezes/{id}/overrides' },
  { method: 'GET', path: '/v1/audit/entries' },
  { method: 'GET', path: '/v1/audit/entries/{index}/proof' },
  { method: 'GET', path: '/v1/audit/checkpoint' },
  { method: 'GET', path: '/v1/audit/export' },
];

const patterns = forwardedCalls.map(({ method, path }) => ({
  method,
  path: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]{1,200}')}$`),
}));

/** Whether a request is one of them. @param path - as it was sent, in plain spelling */
export function isForwarded(method: string, path: string): boolean {
  return patterns.some((call) => call.method === method && call.path.test(path));
}
