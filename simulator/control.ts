import type { Answer } from './answer.ts';
import { readCertificate, readFault, readOneOrMany, readSettings } from './control-input.ts';
import type { FieldError } from './fields.ts';
import type { Incoming } from './incoming.ts';
import { problemAnswer } from './problem.ts';
import type { Simulation } from './simulation.ts';

type Route = (simulation: Simulation, incoming: Incoming) => Answer;

function json(body: unknown): Answer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
}

/** Parses the body and hands it to `use`, which collects broken rules; nothing is done when there are any. */
function withBody<Input>(
  incoming: Incoming,
  read: (value: unknown, errors: FieldError[]) => Input,
  use: (input: Input) => Answer,
): Answer {
  let value: unknown;
  try {
    value = JSON.parse(incoming.body.toString('utf8'));
  } catch (error) {
    return problemAnswer(400, `The body is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  const errors: FieldError[] = [];
  const input = read(value, errors);
  if (errors.length > 0) return problemAnswer(422, 'Nothing was changed.', errors);
  return use(input);
}

/** Reads query parameters, refusing unknown ones: a misspelt filter would match everything. */
function readQuery(incoming: Incoming, known: readonly string[]): Record<string, string> | Answer {
  const unknown = incoming.query.find(([name]) => !known.includes(name));
  if (unknown === undefined) return Object.fromEntries(incoming.query);
  const rule = `is unknown; known: ${known.join(', ')}`;
  return problemAnswer(422, 'Nothing was done.', [{ field: unknown[0], rule }]);
}

function isAnswer(value: Record<string, string> | Answer): value is Answer {
  return typeof value.status === 'number';
}

const putCertificates: Route = (simulation, incoming) => {
  const query = readQuery(incoming, ['replace']);
  if (isAnswer(query)) return query;
  const replace = query['replace'];
  if (replace !== undefined && replace !== 'all') {
    return problemAnswer(422, 'Nothing was changed.', [{ field: 'replace', rule: 'must be all' }]);
  }
  return withBody(
    incoming,
    (value, errors) => readOneOrMany(value, errors, readCertificate),
    (certificates) => {
      if (replace === 'all') simulation.certificates.clear();
      simulation.certificates.put(certificates);
      return json({ certificates: simulation.certificates.list() });
    },
  );
};

const getCertificates: Route = (simulation, incoming) => {
  const query = readQuery(incoming, ['mqttInstanceId', 'sn']);
  if (isAnswer(query)) return query;
  const certificates = simulation.certificates
    .list(query['mqttInstanceId'])
    .filter(({ sn }) => query['sn'] === undefined || sn === query['sn']);
  return json({ certificates });
};

const postFaults: Route = (simulation, incoming) =>
  withBody(
    incoming,
    (value, errors) => readOneOrMany(value, errors, readFault),
    (faults) => {
      simulation.faults.add(faults);
      return json({ faults: simulation.faults.remaining() });
    },
  );

const getCalls: Route = (simulation, incoming) => {
  const query = readQuery(incoming, ['action', 'sn', 'code']);
  if (isAnswer(query)) return query;
  return json({
    total: simulation.calls.total,
    peakPerSecond: simulation.throttle.peak,
    calls: simulation.calls.list(query),
  });
};

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/_sim/health': { GET: () => json({ status: 'ok' }) },
  '/_sim/certificates': { GET: getCertificates, PUT: putCertificates },
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
