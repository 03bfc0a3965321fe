import type { Logger } from 'pino';
import type { RaiseAlarm } from '../domain/alarm.ts';
import { fourEyes } from '../domain/four-eyes.ts';
import type { Operations } from '../operations/registry.ts';
import { loadPolicies, onePolicy } from '../policies/load.ts';
import type { PolicySet, PolicySource } from '../policies/load.ts';
import { problemLine } from '../policies/problem.ts';
import type { Problem } from '../policies/problem.ts';
import { unreadSystems } from '../policies/unread-tickets.ts';
import type { Environment } from './environment.ts';
import { openIntegrations } from './integrations.ts';
import { ticketSystemsIn } from './ticket-readers.ts';

/**
 * The policies that the environment names, or four-eyes without any. SIGHUP reads their files again. An error then is
 * logged, and the earlier policies stay in force.
 *
 * @param alarm - told of each ticket system that a policy asks tickets of and that COUNTERSIGN_INTEGRATIONS does not name
 * @param onLoaded - called with the policies, at the start and whenever their file was read again
 * @throws CountersignError `invalid_configuration` naming file, line, field and rule
 */
export async function openPolicies(
  env: Environment,
  log: Logger,
  operations: Operations,
  alarm?: RaiseAlarm,
  onLoaded: (set: PolicySet) => void = () => undefined,
): Promise<PolicySource> {
  const { COUNTERSIGN_POLICY: policyFile, COUNTERSIGN_DIRECTORY: directoryFile = null } = env;
  const issuer = env.OIDC_ISSUER ?? null;
  if (policyFile === undefined) {
    process.on('SIGHUP', () => log.info('there is no policy file to read again'));
    const only = onePolicy(fourEyes);
    onLoaded(only.current());
    return only;
  }
  const readSystems = async () => ticketSystemsIn(await openIntegrations(env));
  let read = await readSystems();
  const policies = await loadPolicies({ policyFile, directoryFile, issuer, operations });
  const told = (problems: readonly Problem[]) => {
    // Not a problem here: groups of tokens can never be listed. `policy check` says so, too.
    for (const problem of problems) log[problem.rule === 'listable' ? 'info' : 'warn'](problemLine(problem));
    const held = policies
      .current()
      .rules.map(({ policy: { name, version, digest } }) => ({ name, version, digest }));
    log.info({ policies: held }, 'policies loaded');
    onLoaded(policies.current());
    const asking = policies.current().rules.map(({ policy }) => policy);
    for (const unread of unreadSystems(asking, read)) {
      alarm?.('ticket_system_unread', `nobody reads the tickets of ${unread.system}`, { ...unread });
    }
  };
  told(policies.warnings());
  const reload = async () => {
    const problems = await policies.reload();
    // Whoever reads the integrations for their systems tells what is wrong with them.
    read = await readSystems().catch(() => read);
    return problems;
  };
  process.on('SIGHUP', () => {
    reload().then(told, (err: unknown) => {
      log.error({ err: err as Error }, 'the policies could not be read again; those of before hold');
    });
  });
  return policies;
}
