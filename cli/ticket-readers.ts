import type { Integrations, SystemSettings } from '../tickets/integrations.ts';
import { makeJiraReader } from '../tickets/jira/reader.ts';
import { makeServiceNowReader } from '../tickets/servicenow/reader.ts';
import type { TicketReader } from '../tickets/ticket-system.ts';
import type { Environment } from './environment.ts';
import { readSecret } from './secret-file.ts';
import { wayOut } from './way-out.ts';

type Kind = SystemSettings['kind'];
type SettingsOf<K extends Kind> = Extract<SystemSettings, { kind: K }>;

/** Makes the reader of one system. `secret`: what the file of its login `read` holds. */
type MakeReader<K extends Kind> = (
  name: string,
  settings: SettingsOf<K>,
  deps: { readonly fetch: typeof globalThis.fetch; readonly secret: string },
) => TicketReader;

/** Which kinds of systems have tickets, and what reads them. */
export type ReaderMakers = {
  readonly [K in Kind as SettingsOf<K> extends { read: unknown } ? K : never]?: MakeReader<K>;
};

/** The kinds that this release reads tickets of. */
const ownMakers: ReaderMakers = { jira: makeJiraReader, servicenow: makeServiceNowReader };

/** The names of the systems that tickets are read of. */
export function ticketSystemsIn({ systems }: Integrations, makers: ReaderMakers = ownMakers): string[] {
  return Object.entries(systems).flatMap(([name, { kind }]) => (Object.hasOwn(makers, kind) ? [name] : []));
}

/** A system that tickets are read of. */
export interface NamedReader {
  readonly name: string;
  readonly kind: Kind;
  readonly reader: TicketReader;
}

/**
 * What reads the tickets of one system, with the login that can only read; null where its kind has none.
 *
 * @throws CountersignError `invalid_configuration` naming the file of its secret
 */
export async function openTicketReader(
  env: Environment,
  name: string,
  settings: SystemSettings,
  makers: ReaderMakers = ownMakers,
): Promise<NamedReader | null> {
  const { kind } = settings;
  if (!('read' in settings)) return null;
  const make = makers[settings.kind] as MakeReader<Kind> | undefined;
  if (make === undefined) return null;
  const secret = await readSecret(settings.read.secretFile);
  return { name, kind, reader: make(name, settings, { fetch: wayOut(env).fetch, secret }) };
}

/**
 * What the worker reads tickets by, by the systems' names.
 *
 * @throws CountersignError as {@link openTicketReader}
 */
export async function openTicketReaders(
  env: Environment,
  { systems }: Integrations,
  makers: ReaderMakers = ownMakers,
): Promise<Record<string, TicketReader>> {
  const opened = await Promise.all(
    Object.entries(systems).map(([name, settings]) => openTicketReader(env, name, settings, makers)),
  );
  return Object.fromEntries(opened.flatMap((one) => (one === null ? [] : [[one.name, one.reader]])));
}
