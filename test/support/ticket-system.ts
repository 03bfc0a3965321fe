import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { TicketRead } from '../../domain/ticket-read.ts';
import { jsonAnswer, startRestEndpoint } from '../../simulator/rest-endpoint.ts';
import type { RestFault } from '../../simulator/rest-endpoint.ts';
import { faultOfStatus, RemoteError } from '../../tickets/remote-error.ts';
import type { TicketReader } from '../../tickets/ticket-system.ts';
import { ticketRead } from './ticket.ts';

type Stored = Omit<TicketRead, 'digest' | 'version' | 'system'>;

/** A ticket system of nobody's: tickets over HTTP, which can be told to fail, and a reader of them. */
export async function startTicketSystem() {
  const tickets = new Map<string, Stored & { readonly version: number }>();
  let reads = 0;
  const endpoint = await startRestEndpoint({
    route({ path }) {
      const name = decodeURIComponent(path.replace(/^\/tickets\//, ''));
      if (name === '') return jsonAnswer({ user: 'reader' });
      reads += 1;
      const found = [...tickets.values()].find(({ id, key }) => id === name || key === name);
      return found ? jsonAnswer(found) : jsonAnswer({}, 404);
    },
  });
  const control = async (method: string, body?: object) => {
    await fetch(`${endpoint.url}/_sim/faults`, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
  };

  async function asked(url: string, path: string, signal: AbortSignal): Promise<JsonObject | null> {
    const response = await fetch(`${url}/tickets/${encodeURIComponent(path)}`, { signal }).catch(() => {
      throw new RemoteError('unreachable', 'no answer');
    });
    if (response.status === 404) return null;
    if (!response.ok) throw new RemoteError(faultOfStatus(response.status), `answered ${response.status}`);
    return (await response.json()) as JsonObject;
  }

  return {
    url: endpoint.url,
    /** How often a ticket was asked for. */
    reads: () => reads,
    /** Puts a ticket, or changes members of it. */
    put(id: string, more: Partial<Stored> = {}): void {
      const { digest: _d, system: _s, version: _v, ...fresh } = ticketRead({ id, key: id });
      const before = tickets.get(id) ?? { ...fresh, version: 0 };
      tickets.set(id, { ...before, ...more, version: before.version + 1 });
    },
    remove: (id: string) => tickets.delete(id),
    /** The next answers, or all until {@link mend}. */
    fail: (fault: RestFault) => control('POST', { times: 100_000, path: '/tickets/', ...fault }),
    mend: () => control('DELETE'),
    /** @param url - where it is asked; default: where it is */
    reader: (system: string, url = endpoint.url): TicketReader => ({
      async read(id, fields, signal) {
        const answer = await asked(url, id, signal);
        if (answer === null) return null;
        const stored = answer as unknown as Stored & { readonly version: number };
        const names = fields.map((name) => [name, stored.fields[name] ?? null] as const);
        return {
          ...stored,
          system,
          version: String(stored.version),
          fields: Object.fromEntries(names),
          digest: createHash('sha256').update(canonicalJson(answer)).digest('hex'),
        };
      },
      async account(signal) {
        const { user } = (await asked(url, '', signal)) as { readonly user: string };
        return {
          id: user,
          name: 'The Reader',
          rights: [{ name: 'read tickets', has: true }],
        };
      },
    }),
    close: () => endpoint.close(),
  };
}
export type TestTicketSystem = Awaited<ReturnType<typeof startTicketSystem>>;
