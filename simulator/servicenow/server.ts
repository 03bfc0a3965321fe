import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer, startRestEndpoint } from '../rest-endpoint.ts';
import type { RestEndpoint } from '../rest-endpoint.ts';
import { failure, unauthenticated } from './access.ts';
import { answerToken, userOf } from './authenticate.ts';
import { answerChangeApi } from './change-api.ts';
import { Instance } from './instance.ts';
import type { Row } from './instance.ts';
import { jsonBody } from './json-body.ts';
import { tell } from './outbound.ts';
import { pageOf } from './page.ts';
import type { OAuthClient, Settings, User } from './settings.ts';
import { answerTableApi } from './table-api.ts';

/** How to start a local ServiceNow. */
export interface ServiceNowOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number;
  /** PEM key and certificate: it then speaks HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Accounts; default: `countersign.reader`, `countersign` and `iris.lane`, see `settings.ts`. */
  readonly users?: readonly User[];
  readonly clients?: readonly OAuthClient[];
  readonly settings?: Partial<Settings>;
  /** The clock, ms since the epoch. */
  readonly now?: () => number;
}

const hourMs = 3_600_000;

/**
 * A local ServiceNow on loopback: the Change Management API, the Table API of four tables, OAuth. It is steered by `/_sim`:
 * `PUT users`, `PUT records` (`[{table, values, hiddenFrom?}]`), `GET records`, `PUT settings`, and the common faults and calls.
 */
export async function startServiceNow(options: ServiceNowOptions = {}): Promise<RestEndpoint> {
  const instance = new Instance(options.now ?? Date.now);
  if (options.users !== undefined) instance.setUsers(options.users);
  if (options.clients !== undefined) instance.held.clients = [...options.clients];
  instance.held.settings = { ...instance.held.settings, ...options.settings };
  const taken = new Map<string, number>();

  function limited(user: User): Answer | null {
    const { requestsPerHour } = instance.held.settings;
    if (requestsPerHour === null) return null;
    const hour = Math.floor(instance.now() / hourMs);
    const key = `${hour} ${user.userName}`;
    const count = (taken.get(key) ?? 0) + 1;
    taken.set(key, count);
    if (count <= requestsPerHour) return null;
    const endsAt = (hour + 1) * hourMs;
    return {
      ...failure(429, 'Rate limit exceeded', 'Too many requests'),
      headers: {
        'retry-after': String(Math.ceil((endsAt - instance.now()) / 1000)),
        'x-ratelimit-limit': String(requestsPerHour),
        'x-ratelimit-reset': String(Math.floor(endsAt / 1000)),
        'x-ratelimit-rule': 'countersign',
      },
    };
  }

  function route(incoming: Incoming, dryRun: boolean): Answer {
    const asked = dryRun ? instance.fork() : instance;
    const { method, path } = incoming;
    if (path === '/oauth_token.do') {
      return method === 'POST' ? answerToken(asked, incoming) : failure(405, 'Method not supported', method);
    }
    const user = userOf(asked, incoming);
    if (user === null) return unauthenticated();
    const tooMany = limited(user);
    if (tooMany !== null) return tooMany;
    const [, api, rest = ''] =
      /^\/api\/(sn_chg_rest|now)(?:\/v\d+)?\/(?:change|table)(\/.*)?$/.exec(path) ?? [];
    if (api === undefined) return failure(400, 'Requested URI does not represent any resource', path);
    const before = dryRun ? null : new Map(asked.rowsOf('change_request').map((row) => [row, counted(row)]));
    const answer =
      api === 'now'
        ? answerTableApi(asked, incoming, rest, user)
        : answerChangeApi(asked, incoming, rest, user);
    if (before === null) return answer;
    for (const row of asked.rowsOf('change_request')) {
      if (before.get(row) !== counted(row)) void tell(asked, row);
    }
    return answer;
  }

  return await startRestEndpoint({
    port: options.port ?? 0,
    tls: options.tls,
    route,
    control: controlOf(instance),
    page: () => pageOf(instance),
  });
}

function counted(row: Row): string {
  return row['sys_mod_count'] ?? '';
}

/** A record of `PUT /_sim/records`. With the `sys_id` of one that is there it changes it, past every rule. */
interface SentRecord {
  readonly table: string;
  readonly values: Row;
  /** Accounts that do not see it. */
  readonly hiddenFrom?: readonly string[];
  /** Who made or changed it; default `admin`. */
  readonly by?: string;
}

function controlOf(instance: Instance) {
  return {
    'PUT /_sim/users': (incoming: Incoming) => {
      instance.setUsers(JSON.parse(incoming.body.toString('utf8')) as User[]);
      return jsonAnswer({ users: instance.held.users.length });
    },
    'PUT /_sim/settings': (incoming: Incoming) => {
      instance.held.settings = { ...instance.held.settings, ...(jsonBody(incoming) as Partial<Settings>) };
      return jsonAnswer(instance.held.settings);
    },
    'PUT /_sim/records': (incoming: Incoming) => {
      const sent = JSON.parse(incoming.body.toString('utf8')) as SentRecord[];
      const records = sent.map(({ table, values, hiddenFrom, by = 'admin' }) => {
        const known = instance.find(table, values['sys_id'] ?? '');
        if (known !== null) instance.update(table, known, values, by);
        const row = known ?? instance.insert(table, values, by);
        if (hiddenFrom !== undefined) instance.held.hiddenFrom[row['sys_id'] ?? ''] = hiddenFrom;
        if (known !== null && table === 'change_request') void tell(instance, row);
        return row;
      });
      return jsonAnswer({ records });
    },
    'GET /_sim/records': ({ query }: Incoming) =>
      jsonAnswer({ records: instance.rowsOf(new Map(query).get('table') ?? 'change_request') }),
  };
}
