import type { Answer } from './answer.ts';
import { certificateRoutes, deviceRoutes } from './control-certificates.ts';
import { readFault, readOneOrMany, readSettings } from './control-input.ts';
import { json, withBody, withQuery } from './control-request.ts';
import type { Route } from './control-request.ts';
import type { Incoming } from './incoming.ts';
import { problemAnswer } from './problem.ts';
import type { Simulation } from './simulation.ts';
import { trailEvent } from './trail.ts';

const postFaults: Route = (simulation, incoming) =>
  withBody(
    incoming,
    (value, errors) => readOneOrMany(value, errors, readFault),
    (faults) => {
      simulation.faults.add(faults);
      return json({ faults: simulation.faults.remaining() });
    },
  );

const getCalls: Route = ({ calls, throttle }, incoming) =>
  withQuery(incoming, ['action', 'mqttInstanceId', 'sn', 'deviceSn', 'code'], (filter) =>
    json({ total: calls.total, peakPerSecond: throttle.peak, calls: calls.list(filter) }),
  );

const getTrail: Route = ({ calls, regionId }, incoming) =>
  withQuery(incoming, [], () => json(calls.list({}).flatMap((call) => trailEvent(call, regionId) ?? [])));

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/_sim/health': { GET: () => json({ status: 'ok' }) },
  '/_sim/certificates': certificateRoutes,
  '/_sim/device-certificates': deviceRoutes,
  '/_sim/faults': {
    GET: (simulation) => json({ faults: simulation.faults.remaining() }),
    POST: postFaults,
    DELETE: (simulation) => {
      simulation.faults.clear();
      return json({ faults: [] });
    },
  },
  '/_sim/calls': {
    GET: getCalls,
    DELETE: (simulation) => {
      simulation.calls.clear();
      simulation.throttle.resetPeak();
      return json({ total: 0, peakPerSecond: 0, calls: [] });
    },
  },
  '/_sim/trail': { GET: getTrail },
  '/_sim/settings': {
    GET: (simulation) => json(simulation.settings),
    PUT: (simulation, incoming) =>
      withBody(incoming, readSettings, (settings) => {
        simulation.settings = { ...simulation.settings, ...settings };
        return json(simulation.settings);
      }),
  },
};

/** Whether the peer is this machine: an address of 127.0.0.0/8 or ::1. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(::ffff:)?127\.|^::1$/.test(address);
}

/**
 * Whether a host or origin names this machine. A web page elsewhere may reach loopback through the browser, but cannot
 * help sending its own name in Origin, or in Host after DNS rebinding.
 */
function isLocalName(value: string | undefined): boolean {
  return value === undefined || /^(https?:\/\/)?(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d+)?$/i.test(value);
}

/** Answers a request of `/_sim/…`. */
export function answerControl(simulation: Simulation, incoming: Incoming, peer: string | undefined): Answer {
  const { host, origin } = incoming.headers;
  if (!isLoopback(peer) || !isLocalName(host) || !isLocalName(origin)) {
    return problemAnswer(403, 'The control interface answers loopback callers alone.');
  }
  const routes = ROUTES[incoming.path];
  if (routes === undefined) return problemAnswer(404, `Known: ${Object.keys(ROUTES).join(', ')}.`);
  const route = routes[incoming.method];
  if (route !== undefined) return route(simulation, incoming);
  const allow = Object.keys(routes).join(', ');
  return { ...problemAnswer(405, `Allowed: ${allow}.`), headers: { allow } };
}
