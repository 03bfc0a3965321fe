import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { checkServer } from '../audit/check-server.ts';
import { openLogMemory } from '../audit/log-memory.ts';
import type { LogMemory } from '../audit/log-memory.ts';
import { sessionText, shownSigners } from '../audit/shown-sessions.ts';
import { readUnsealed } from '../audit/unsealed.ts';
import { readCaCertificate } from '../onsmqtt/ca-certificate.ts';
import { isCredentialCode } from '../onsmqtt/classify.ts';
import { createOnsMqtt } from '../onsmqtt/client.ts';
import { endpointOf } from '../onsmqtt/endpoint.ts';
import { byRoute } from '../onsmqtt/route.ts';
import { createCredential, createKeySource } from '../onsmqtt/credentials.ts';
import { openRoleSession, sessionRefusal } from '../onsmqtt/role-session.ts';
import { servedRegion } from '../onsmqtt/region.ts';
import type { Owner } from '../domain/installation.ts';
import { ownerFault, ownerText, taskQueuesOf } from '../domain/installation.ts';
import { checkPooling } from '../store/check-pooling.ts';
import { getOwner } from '../store/get-owner.ts';
import { makePool } from '../store/pool.ts';
import { examineForwarding } from './doctor-forwarding.ts';
import { examineNotices } from './doctor-notices.ts';
import { examinePayloads } from './doctor-payloads.ts';
import { examinePollers } from './doctor-pollers.ts';
import { examineTemporal } from './doctor-temporal.ts';
import { examineSystems } from './doctor-tickets.ts';
import type { Environment } from './environment.ts';
import type { Finding } from './finding.ts';
import { noticesSubscription } from './notices-subscription.ts';
import { temporalConfig } from './temporal.ts';
import { sessionRole, vendorKey } from './vendor-key.ts';
import { wayOut } from './way-out.ts';

/** `countersign doctor`: each dependency reachable, its version, the rights, and the remedy. */
export async function examine(env: Environment): Promise<Finding[]> {
  const findings = await Promise.all([
    Promise.resolve(node()),
    postgres(env),
    installation(env),
    workers(env),
    sealing(env),
    notices(env),
    forwarding(env),
    examineTemporal(),
    identity(env),
    consoleProcess(env),
    vendor(env),
    roleSession(env),
    examineSystems(env),
    examinePayloads(env),
  ]);
  return findings.flat().filter((finding) => finding !== null);
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 22 || (major === 22 && minor >= 18);
  return {
    name: 'Node.js',
    ok,
    found: process.version,
    remedy: ok ? '' : 'install Node.js 24 (22.18 at least)',
  };
}

function postgres(env: Environment): Promise<Finding> {
  const remedy = 'check DATABASE_URL, then run countersign migrate with the role that owns the schema';
  return inDatabase(env, 'Postgres', remedy, async (pool) => {
    const { rows } = await pool.query<{ version: string; login: string }>(
      `select current_setting('server_version') as version, session_user as login`,
    );
    await checkServer(pool);
    await checkPooling(pool);
    return { ok: true, found: `${rows[0]?.version ?? ''} as ${rows[0]?.login ?? ''}`, remedy: '' };
  });
}

/** Whose the database is, and by which task queues this installation is found. */
async function installation(env: Environment): Promise<Finding> {
  const name = 'Installation';
  let own: Owner;
  try {
    own = { installation: env.COUNTERSIGN_INSTALLATION, namespace: temporalConfig().namespace };
  } catch (error) {
    return {
      name,
      ok: false,
      found: (error as Error).message,
      remedy: "correct Temporal's variables or its file",
    };
  }
  const queues = Object.values(taskQueuesOf(own.installation)).join(' and ');
  const remedy = 'check DATABASE_URL, then run countersign migrate';
  return inDatabase(env, name, remedy, async (pool) => {
    const owner = await getOwner(pool);
    const fault = owner && ownerFault(owner, own);
    if (fault !== null)
      return {
        ok: false,
        found: fault,
        remedy:
          'correct COUNTERSIGN_INSTALLATION, TEMPORAL_NAMESPACE or DATABASE_URL; see docs/installations.md',
      };
    const whose = owner ? '' : ', whose database is nobody’s yet';
    return { ok: true, found: `${ownerText(own)}${whose}, task queues ${queues}`, remedy: '' };
  });
}

/** Whether workers of other databases take this installation's tasks; null without a database. */
async function workers(env: Environment): Promise<Finding | null> {
  const name = 'Workers';
  if (env.DATABASE_URL === undefined) return null;
  return inDatabase(env, name, 'check DATABASE_URL', (pool) => examinePollers(env, pool));
}

/** What is found with the process's own login; where it cannot be, why not and the remedy for that. */
async function inDatabase(
  env: Environment,
  name: string,
  remedy: string,
  look: (pool: Pool) => Promise<Omit<Finding, 'name'>>,
): Promise<Finding> {
  if (env.DATABASE_URL === undefined) {
    return { name, ok: false, found: 'DATABASE_URL is not set', remedy: "set it to the process's own login" };
  }
  const pool = makePool({
    connectionString: env.DATABASE_URL,
    applicationName: 'countersign doctor',
    max: 2,
  });
  try {
    return { name, ...(await look(pool)) };
  } catch (error) {
    return { name, ok: false, found: error instanceof Error ? error.message : String(error), remedy };
  } finally {
    await pool.end();
  }
}

/** Whether checkpoints keep up, and why not, where the signer's memory can be read from here. */
async function sealing(env: Environment): Promise<Finding> {
  const name = 'Audit log';
  const refusal = await signerRefusal(env);
  if (refusal !== null) {
    const { code, message, at } = refusal;
    const remedy = 'see "The signer refuses" in docs/operations.md; until an admin decides no call is made';
    return { name, ok: false, found: `the signer refuses since ${at}: ${code}, ${message}`, remedy };
  }
  return inDatabase(env, name, 'check DATABASE_URL and the migrations', async (pool) => {
    const { entries, seconds } = await readUnsealed(pool);
    const ok = seconds < 60;
    const sealed =
      entries === 0 ? 'sealed to its end' : `${entries} entries not sealed, for ${Math.round(seconds)} s`;
    const signers = await shownSigners(pool);
    const remedy = ok ? '' : 'start the signer, or look at its log; no call is made meanwhile';
    return { ok, found: [sealed, ...signers.map(sessionText)].join('; '), remedy };
  });
}

/** Whether a deliverer brings notices to COUNTERSIGN_WEBHOOK_URL; null where it is not set. */
async function notices(env: Environment): Promise<Finding | null> {
  const name = 'Notices';
  const { COUNTERSIGN_WEBHOOK_URL: url } = env;
  if (url === undefined) return null;
  try {
    noticesSubscription(env);
  } catch (error) {
    return { name, ok: false, found: (error as Error).message, remedy: 'set it so for the deliverer, too' };
  }
  const { host } = new URL(url);
  return inDatabase(env, name, 'check DATABASE_URL', (pool) => examineNotices(pool, host));
}

/** Whether the log is forwarded; null where it is to go nowhere. */
function forwarding(env: Environment): Promise<Finding> | null {
  if (env.COUNTERSIGN_FORWARD_TO === undefined) return null;
  const remedy = "check COUNTERSIGN_FORWARD_…, and that the store's key may read there";
  return inDatabase(env, 'Forwarded log', remedy, (pool) => examineForwarding(env, pool));
}

async function signerRefusal(env: Environment): Promise<LogMemory['refusal']> {
  const folder = join(env.COUNTERSIGN_HOME, 'signer', 'memory');
  // The folder is never created here: most processes have no signer's home.
  if (
    !(await access(folder).then(
      () => true,
      () => false,
    ))
  )
    return null;
  return (await (await openLogMemory(folder)).read().catch(() => null))?.value.refusal ?? null;
}

async function identity(env: Environment): Promise<Finding> {
  const name = 'Identity provider';
  if (env.OIDC_ISSUER === undefined) {
    return { name, ok: false, found: 'OIDC_ISSUER is not set', remedy: "set it to the issuer's URL" };
  }
  const url = `${env.OIDC_ISSUER.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { fetch, proxyOf } = wayOut(env);
  const through = by(proxyOf(url));
  try {
    const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(5000) });
    return { name, ok, found: `answers ${status}${through}`, remedy: ok ? '' : 'check OIDC_ISSUER' };
  } catch {
    return {
      name,
      ok: false,
      found: `nothing answers at ${new URL(url).origin}${through}`,
      remedy: 'check OIDC_ISSUER, and HTTPS_PROXY and NO_PROXY',
    };
  }
}

/** What the console says of itself, where it has an address. */
async function consoleProcess(env: Environment): Promise<Finding | null> {
  const name = 'Console';
  if (env.CONSOLE_URL === undefined) return null;
  const at = env.CONSOLE_URL.replace(/\/$/, '');
  const { fetch, proxyOf } = wayOut(env);
  const through = by(proxyOf(at));
  try {
    const response = await fetch(`${at}/readyz`, { signal: AbortSignal.timeout(10_000) });
    const { status, ...parts } = (await response.json()) as Record<string, unknown>;
    const lacking = consoleParts.filter(({ part }) => parts[part] !== true);
    return {
      name,
      ok: lacking.length === 0,
      found: [`${at} is ${String(status)}${through}`, ...lacking.map(({ found }) => found)].join(', '),
      remedy: lacking.map(({ remedy }) => remedy).join('; '),
    };
  } catch {
    const remedy = 'start it (countersign console), or correct CONSOLE_URL';
    return { name, ok: false, found: `nothing answers at ${at}${through}`, remedy };
  }
}

const consoleParts = [
  { part: 'postgres', found: 'without Postgres', remedy: 'check its DATABASE_URL and the migrations' },
  { part: 'page', found: 'without its page', remedy: 'npm run build, or correct CONSOLE_PAGE' },
  { part: 'api', found: 'without the API', remedy: 'check its COUNTERSIGN_URL, and that the API runs' },
  { part: 'identity', found: 'without the identity provider', remedy: 'check its OIDC_ISSUER and proxies' },
];

/** How something is reached, as words behind what was found. */
function by(proxy: string | null): string {
  return proxy === null ? '' : `, through the proxy ${proxy}`;
}

/** Asks the vendor for a certificate that does not exist: a read, which changes nothing. */
async function vendor(env: Environment): Promise<Finding> {
  const name = 'ApsaraMQ for MQTT';
  const { agentFor, proxyOf } = wayOut(env);
  const endpoint = env.ONSMQTT_ENDPOINT;
  let region: string;
  try {
    region = servedRegion(env.ONSMQTT_REGION, endpoint);
  } catch (error) {
    return { name, ok: false, found: (error as Error).message, remedy: 'set ONSMQTT_REGION' };
  }
  const { host, protocol } = endpointOf(endpoint)(region);
  const where = `${host}${by(proxyOf(`${protocol.toLowerCase()}://${host}`))}`;
  const onsMqtt = createOnsMqtt({
    ...(endpoint === undefined ? {} : { endpoint }),
    region,
    credential: () => createCredential(vendorKey(env)),
    pace: { claim: () => Promise.resolve() },
    deadlineMs: Math.min(env.ONSMQTT_DEADLINE_MS, 10_000),
    agentFor,
  });
  const nowhere = { regionId: region, mqttInstanceId: 'countersign-doctor', sn: 'countersign-doctor' };
  const signal = AbortSignal.timeout(60_000);
  const context = { changeId: 'countersign-doctor', notAfter: Infinity, signal };
  const answer = await readCaCertificate(onsMqtt, nowhere, context);
  const served = `serves ${region},`;
  if (answer.ok) return { name, ok: true, found: `${served} answers a read at ${where}`, remedy: '' };
  const { code, httpStatus, message } = answer;
  if (httpStatus === null) {
    const remedy = 'check the network, ONSMQTT_ENDPOINT, HTTPS_PROXY and NO_PROXY, and the access key';
    return { name, ok: false, found: `${served} no answer of ${where}: ${code}, ${message}`, remedy };
  }
  // A key that may not read a missing instance may still be allowed to read the existing ones.
  const ok = !isCredentialCode(code);
  const found = `${served} answers ${httpStatus} ${code} to a read at ${where}`;
  return { name, ok, found, remedy: ok ? '' : 'check the access key, and what answers at ONSMQTT_ENDPOINT' };
}

/** Opens a session as for a call, and uses it for nothing; null where calls need none. */
async function roleSession(env: Environment): Promise<Finding | null> {
  const role = sessionRole(env);
  if (role === undefined) return null;
  const { agentFor, proxyOf } = wayOut(env);
  const name = 'Role session';
  const remedy =
    'check the access key; let it do sts:AssumeRole, and the role trust it; check COUNTERSIGN_ROLE_ARN and COUNTERSIGN_STS_ENDPOINT, and HTTPS_PROXY';
  try {
    const key = await byRoute(agentFor, () =>
      createKeySource(() => createCredential(vendorKey(env))).current(),
    );
    const regionId = servedRegion(env.ONSMQTT_REGION, env.ONSMQTT_ENDPOINT);
    const instance = { regionId, mqttInstanceId: 'none' };
    const use = { changeId: 'countersign-doctor', ramAction: 'mq:ActiveCaCertificate', instance };
    await byRoute(agentFor, () => openRoleSession(role, key, use));
    const through = by(proxyOf(`https://${role.stsHost}`));
    return { name, ok: true, found: `${role.arn} can be assumed${through}`, remedy: '' };
  } catch (error) {
    const why = sessionRefusal(error) ?? 'no key, or no usable answer of STS';
    return { name, ok: false, found: `${role.arn} cannot be assumed: ${why}`, remedy };
  }
}
