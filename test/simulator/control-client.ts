import { expect } from 'vitest';
import type { CallRecord } from '../../simulator/call-log.ts';
import type { RunningSimulator } from '../../simulator/server.ts';

export interface ControlAnswer<Body> {
  status: number;
  contentType: string;
  body: Body;
}

/** One request to the control interface. */
export async function control<Body = unknown>(
  simulator: RunningSimulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<ControlAnswer<Body>> {
  const response = await fetch(`${simulator.url}/_sim${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const contentType = response.headers.get('content-type') ?? '';
  return { status: response.status, contentType, body: (await response.json()) as Body };
}

export interface Calls {
  total: number;
  peakPerSecond: number;
  calls: CallRecord[];
}

/** The recorded calls. */
export async function calls(simulator: RunningSimulator, query = ''): Promise<Calls> {
  return (await control<Calls>(simulator, 'GET', `/calls${query}`)).body;
}

/** Status of a certificate as the simulator keeps it. */
export async function keptStatus(simulator: RunningSimulator, sn: string): Promise<string | undefined> {
  type Kept = { certificates: { status: string }[] };
  const answer = await control<Kept>(simulator, 'GET', `/certificates?sn=${encodeURIComponent(sn)}`);
  return answer.body.certificates[0]?.status;
}

interface Problem {
  status: number;
  errors?: { field: string; rule: string }[];
}

/** A request that breaks a rule of the control interface. */
export interface WrongRequest {
  method: string;
  path: string;
  body: unknown;
  field: string;
  rule: RegExp;
}

/** Sends a wrong request: the answer is a 422 that names the field and the rule. */
export async function expectProblem(simulator: RunningSimulator, wrong: WrongRequest): Promise<void> {
  const answer = await control<Problem>(simulator, wrong.method, wrong.path, wrong.body);
  const { status, contentType, body } = answer;
  expect([status, contentType, body.status]).toEqual([422, 'application/problem+json', 422]);
  expect(body.errors?.find(({ field }) => field === wrong.field)?.rule).toMatch(wrong.rule);
}
