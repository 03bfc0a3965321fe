import type { PinnedPolicy } from '../domain/policy.ts';
import { ticketFieldsOf } from '../domain/ticket-gate.ts';
import { shownText } from '../domain/shown-text.ts';
import { boundedTicket } from '../domain/ticket-read.ts';
import type { TicketRead } from '../domain/ticket-read.ts';
import { loadPolicies } from '../policies/load.ts';
import type { SystemSettings } from '../tickets/integrations.ts';
import { RemoteError } from '../tickets/remote-error.ts';
import type { Account } from '../tickets/ticket-system.ts';
import type { Environment } from './environment.ts';
import type { Finding } from './finding.ts';
import { openIntegrations } from './integrations.ts';
import { systemAccount } from './system-account.ts';
import { openTicketReader, ticketSystemsIn } from './ticket-readers.ts';
import type { ReaderMakers } from './ticket-readers.ts';
import { unmetNeeds } from './unmet-needs.ts';

const deadlineMs = 10_000;

/**
 * The part of `countersign doctor` that asks the systems of COUNTERSIGN_INTEGRATIONS, and looks whether the file has what
 * policies and subscriptions need.
 */
export async function examineSystems(env: Environment, makers?: ReaderMakers): Promise<Finding[]> {
  try {
    const integrations = await openIntegrations(env);
    const findings = await Promise.all(
      Object.entries(integrations.systems).map(([name, settings]) =>
        examineSystem(env, name, settings, makers),
      ),
    );
    const read = ticketSystemsIn(integrations, makers);
    return [...findings, ...unmetNeeds(integrations, await policiesOf(env), read)];
  } catch (error) {
    return [wrong('Integrations', error, 'correct the file of COUNTERSIGN_INTEGRATIONS')];
  }
}

/**
 * What is read of a ticket, with the fields that the policies of this environment look at.
 *
 * @param named - `<system>:<id>`
 */
export async function examineTicket(
  env: Environment,
  named: string,
  makers?: ReaderMakers,
): Promise<Finding> {
  const name = `Ticket ${shownText(named)}`;
  const [system = '', ...rest] = named.split(':');
  const id = rest.join(':');
  try {
    const { systems } = await openIntegrations(env);
    const settings = Object.hasOwn(systems, system) ? systems[system] : undefined;
    const opened = settings && (await openTicketReader(env, system, settings, makers));
    if (!opened || id === '') {
      const found = `no ticket system ${shownText(system)} in COUNTERSIGN_INTEGRATIONS`;
      return { name, ok: false, found, remedy: 'name a system of that file and a ticket: jira:OPS-4711' };
    }
    const fields = await fieldsOf(env, system);
    const read = await opened.reader.read(id, fields, AbortSignal.timeout(deadlineMs));
    if (read !== null) return { name, ok: true, found: ticketText(boundedTicket(read, fields)), remedy: '' };
    const remedy = 'check the id, and that the login that reads may see the ticket';
    return { name, ok: false, found: 'no such ticket, or this login does not see it', remedy };
  } catch (error) {
    return wrong(name, error, 'check the system, its address and the login that reads');
  }
}

async function examineSystem(
  env: Environment,
  name: string,
  settings: SystemSettings,
  makers?: ReaderMakers,
): Promise<Finding> {
  const title = `${settings.kind} ${name}`;
  try {
    const opened = await openTicketReader(env, name, settings, makers);
    const signal = AbortSignal.timeout(deadlineMs);
    const account = await (opened?.reader.account(signal) ?? systemAccount(env, settings, signal));
    const found = account === null ? 'configured; nothing but a message would tell' : accountText(account);
    return { name: title, ok: true, found, remedy: '' };
  } catch (error) {
    return wrong(title, error, 'check its address, the file of its secret, HTTPS_PROXY and NO_PROXY');
  }
}

/** Whose login it is, and what it may do. */
function accountText({ id, name, rights }: Account): string {
  const listed = (has: boolean) => rights.filter((right) => right.has === has).map((right) => right.name);
  const parts = [
    `answers as ${name}${name === id ? '' : ` (${id})`}`,
    ...(rights.length === 0 ? [] : [`may ${listed(true).join(', ') || 'nothing that was asked for'}`]),
    ...(listed(false).length === 0 ? [] : [`may not ${listed(false).join(', ')}`]),
  ];
  return shownText(parts.join('; '));
}

function ticketText({ key, id, type, project, state, phase, onHold, approved, ...read }: TicketRead): string {
  const approval = approved === null ? 'asks for no approval' : approved ? 'approved' : 'not approved';
  const fields = Object.entries(read.fields).map(([name, value]) => `${name}: ${value ?? 'empty'}`);
  const parts = [
    `${key} (id ${id}), ${type} in ${project}: ${read.summary}`,
    `${state} (${phase})${onHold ? ', on hold' : ''}`,
    approval,
    ...fields,
    `version ${read.version}`,
  ];
  return shownText(parts.join('; '));
}

/** The fields that the policies look at in tickets of a system. */
async function fieldsOf(env: Environment, name: string): Promise<string[]> {
  const rules = (await policiesOf(env)).flatMap(({ ticket }) => (ticket?.system === name ? [ticket] : []));
  return [...new Set(rules.flatMap(ticketFieldsOf))];
}

async function policiesOf(env: Environment): Promise<PinnedPolicy[]> {
  if (env.COUNTERSIGN_POLICY === undefined) return [];
  const policies = await loadPolicies({
    policyFile: env.COUNTERSIGN_POLICY,
    directoryFile: env.COUNTERSIGN_DIRECTORY ?? null,
  });
  return policies.current().rules.map(({ policy }) => policy);
}

/** An error as a finding. What is none of ours is not quoted: it may name an address. */
function wrong(name: string, error: unknown, remedy: string): Finding {
  const isOurs =
    error instanceof RemoteError || (error instanceof Error && error.name === 'CountersignError');
  return { name, ok: false, found: isOurs ? shownText(error.message) : 'it could not be asked', remedy };
}
