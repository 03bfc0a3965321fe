import { z } from 'zod';
import { CountersignError } from '../domain/error.ts';
import { hostPatternsOf } from '../domain/host.ts';
import { defaultInstallation, installationFault } from '../domain/installation.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const url = (protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL of ${protocols.join(' or ')}`,
  });
const proxy = url(['http:', 'https:']).refine(hasReadableLogin, {
  error: 'must have escapes such as %25 for what is special in its user and password',
});
const rate = z.coerce.number().int().min(1);

/**
 * Every environment variable that Countersign's processes know, with its rule. Temporal's own (`TEMPORAL_*`) are read
 * by @temporalio/envconfig, the default credential chain's by @alicloud/credentials. docs/configuration.md lists both.
 */
export const environmentSchema = z.object({
  PORT: port.default(8080).describe('Port of the API.'),
  HOST: z.string().min(1).default('127.0.0.1').describe('Address that the API listens on.'),
  METRICS_PORT: port.optional().describe("Port of a process's own metrics and health; none without it."),
  CONSOLE_PORT: port.default(8090).describe('Port of the console.'),
  CONSOLE_URL: url(['http:', 'https:'])
    .optional()
    .describe('Where people have the console: messages link there. http: on loopback only.'),
  CONSOLE_CLIENT_ID: z
    .string()
    .min(1)
    .default('countersign-console')
    .describe('What the identity provider knows the console as.'),
  CONSOLE_CLIENT_KEY: z.string().min(1).optional().describe('File with its private key (a JSON Web Key).'),
  CONSOLE_SESSION_KEY: z.string().min(1).optional().describe('File with the key that seals sessions.'),
  CONSOLE_SCOPE: z.string().min(1).default('openid profile').describe('What a login asks for.'),
  CONSOLE_STEP_UP_ACR: z
    .string()
    .min(1)
    .optional()
    .describe('What a login asks for that has to be a stronger one (acr_values).'),
  CONSOLE_PAGE: z.string().min(1).optional().describe('Folder of the built page.'),
  MCP_PORT: port.default(8091).describe('Port of the MCP server.'),
  MCP_URL: url(['http:', 'https:'])
    .optional()
    .describe('Where agents have the MCP server, without /mcp. http: on loopback only.'),
  DATABASE_URL: url(['postgres:', 'postgresql:'])
    .optional()
    .describe("Postgres, with the process's own login role."),
  MIGRATION_DATABASE_URL: url(['postgres:', 'postgresql:'])
    .optional()
    .describe('Postgres, with the role that owns the schema; default DATABASE_URL.'),
  ONSMQTT_ENDPOINT: url(['http:', 'https:'])
    .optional()
    .describe("The vendor's endpoint; default: the region's own. http: on loopback only."),
  ONSMQTT_REGION: z
    .string()
    .regex(/^[a-z]{2,}(-[a-z0-9]+)+$/, { error: 'must be a region such as cn-hangzhou' })
    .max(64)
    .optional()
    .describe('The one region that this installation serves; default: that of ONSMQTT_ENDPOINT.'),
  ONSMQTT_CALLS_PER_SECOND: rate.max(500).default(500).describe('The account’s limit, over all workers.'),
  ONSMQTT_ACCOUNT: z
    .string()
    .min(1)
    .default('default')
    .describe('Names the account whose limit the workers share.'),
  ONSMQTT_DEADLINE_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(120_000)
    .default(10_000)
    .describe('Longest wait for an answer, ms.'),
  ALIBABA_CLOUD_ACCESS_KEY_ID: z
    .string()
    .min(1)
    .optional()
    .describe('Access key; otherwise the default credential chain.'),
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: z.string().min(1).optional(),
  ALIBABA_CLOUD_SECURITY_TOKEN: z.string().min(1).optional(),
  COUNTERSIGN_ROLE_ARN: z
    .string()
    .regex(/^acs:ram::\d+:role\/[\w.-]+$/, {
      error: 'must be an ARN such as acs:ram::1234567890:role/countersign',
    })
    .optional()
    .describe('A RAM role: each call of a change is made by a session of its own.'),
  COUNTERSIGN_STS_ENDPOINT: url(['https:'])
    .default('https://sts.aliyuncs.com')
    .describe('Where sessions are opened.'),
  OIDC_ISSUER: url(['http:', 'https:']).optional().describe('Who issues tokens. http: on loopback only.'),
  OIDC_AUDIENCE: z.string().min(1).default('countersign').describe('The audience that a token must have.'),
  OIDC_ROLES_CLAIM: z.string().min(1).default('roles').describe('The claim that gives roles.'),
  OIDC_GROUPS_CLAIM: z.string().min(1).default('groups').describe('The claim that gives groups.'),
  OIDC_CLOCK_SKEW_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(300)
    .default(5)
    .describe('How far the issuer’s clock may differ, s.'),
  COUNTERSIGN_ROLE_MAP: z
    .string()
    .min(1)
    .optional()
    .describe('What the values of the roles’ claim give: JSON, or a file with it.'),
  COUNTERSIGN_GROUP_MAP: z
    .string()
    .min(1)
    .optional()
    .describe('What the values of the groups’ claim give: JSON, or a file with it.'),
  COUNTERSIGN_INSTALLATION: z
    .string()
    .superRefine((value, context) => {
      const fault = installationFault(value);
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .default(defaultInstallation)
    .describe('Names this installation among those of one namespace: its task queues begin with it.'),
  COUNTERSIGN_HOME: z
    .string()
    .min(1)
    .default('.countersign')
    .describe('Folder of keys and, embedded, of all data.'),
  COUNTERSIGN_POLICY: z
    .string()
    .min(1)
    .optional()
    .describe('The policy file (YAML); without it, the built-in four-eyes.'),
  COUNTERSIGN_DIRECTORY: z
    .string()
    .min(1)
    .optional()
    .describe('The directory file (YAML): who is in which group.'),
  COUNTERSIGN_OPERATIONS: z
    .string()
    .min(1)
    .optional()
    .describe('Files of operations of your own, comma-separated: ES modules, and YAML (.yaml, .yml).'),
  COUNTERSIGN_IMPLEMENTATIONS: z
    .string()
    .min(1)
    .optional()
    .describe('Files that carry them out, comma-separated; the worker alone loads them.'),
  COUNTERSIGN_INTEGRATIONS: z
    .string()
    .min(1)
    .optional()
    .describe('The file (YAML) of ticket systems, chats, mail and webhooks; none without it.'),
  COUNTERSIGN_HOSTS: z
    .string()
    .refine((value) => hostPatternsOf(value) !== null, {
      error: 'must be <namespace>/<workflow type>, comma-separated; * stands for any text',
    })
    .optional()
    .describe('Workflows that may ask for changes: <namespace>/<type>; none without it.'),
  COUNTERSIGN_NEXUS_ENDPOINT: z
    .string()
    .min(1)
    .optional()
    .describe('The Nexus endpoint by which workflows of other namespaces ask; not served without it.'),
  COUNTERSIGN_PAYLOAD_KEYS: z
    .string()
    .min(1)
    .optional()
    .describe('File with the keys that encrypt what Temporal stores; without it, nothing is encrypted.'),
  COUNTERSIGN_HOST_CODECS: z
    .string()
    .min(1)
    .optional()
    .describe('Files that export how hosts encode their payloads (ES modules), comma-separated.'),
  COUNTERSIGN_TEMPORAL_UI_URL: url(['http:', 'https:'])
    .optional()
    .describe(
      "Where people have Temporal's web UI, which may ask for decoded payloads. http: on loopback only.",
    ),
  COUNTERSIGN_STATEMENT_KEY: z
    .string()
    .min(1)
    .optional()
    .describe("File with the API's private Ed25519 key (PEM)."),
  COUNTERSIGN_STATEMENT_PUBLIC_KEYS: z
    .string()
    .min(1)
    .optional()
    .describe('Files with its public keys (PEM), comma-separated.'),
  COUNTERSIGN_KEY_ROTATIONS: z
    .string()
    .min(1)
    .optional()
    .describe('Folder of the rotations of keys that API and signer write into the log.'),
  COUNTERSIGN_LOG_ORIGIN: z
    .string()
    .min(1)
    .optional()
    .describe('Name of a new key of the log: the first line of each checkpoint.'),
  COUNTERSIGN_LOG_KEY: z
    .string()
    .min(1)
    .optional()
    .describe("File with the log's private keys (PRIVATE+KEY+…), one a line."),
  COUNTERSIGN_LOG_PUBLIC_KEYS: z
    .string()
    .min(1)
    .optional()
    .describe("Files with the log's public keys (vkeys), comma-separated."),
  COUNTERSIGN_WITNESS_KEY: z.string().min(1).optional().describe("File with the witness's private key."),
  COUNTERSIGN_WITNESS_PUBLIC_KEYS: z
    .string()
    .min(1)
    .optional()
    .describe("Files with the witness's public keys (vkeys), comma-separated."),
  COUNTERSIGN_WITNESS_URL: url(['http:', 'https:'])
    .optional()
    .describe('Where the signer sends checkpoints to be cosigned.'),
  COUNTERSIGN_WITNESS_REQUIRED: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Whether a call waits for a cosignature, too.'),
  COUNTERSIGN_UNSEALED_LIMIT_SECONDS: rate
    .max(86_400)
    .default(60)
    .describe('How old an entry without a checkpoint may be, s; past that no approval is accepted.'),
  COUNTERSIGN_URL: url(['http:', 'https:']).optional().describe('Where the command line finds the API.'),
  COUNTERSIGN_TOKEN: z.string().min(1).optional().describe('Bearer token of the command line.'),
  COUNTERSIGN_CLIENT_ID: z
    .string()
    .min(1)
    .optional()
    .describe('The public client that the command line logs in as.'),
  XDG_CONFIG_HOME: z.string().min(1).optional().describe('Folder that has the logins of the command line.'),
  COUNTERSIGN_DELIVERED_DAYS: rate
    .max(3650)
    .default(30)
    .describe('How long what was delivered is kept of a change that has ended, days.'),
  COUNTERSIGN_FORWARD_TO: z
    .string()
    .min(1)
    .optional()
    .describe('Where the log is forwarded to: a folder, s3://<bucket>/<prefix> or oss://<bucket>/<prefix>.'),
  COUNTERSIGN_FORWARD_ENDPOINT: url(['http:', 'https:'])
    .optional()
    .describe("The object store's endpoint; default: the region's own. http: on loopback only."),
  COUNTERSIGN_FORWARD_REGION: z.string().min(1).optional().describe("The object store's region."),
  COUNTERSIGN_FORWARD_SECONDS: rate
    .max(86_400)
    .default(30)
    .describe('How often the log is forwarded, s: each time writes up to some ten objects.'),
  COUNTERSIGN_FORWARD_LOCK_DAYS: rate
    .max(36_500)
    .optional()
    .describe('How long what is forwarded is locked (object lock, compliance mode), days.'),
  AWS_ACCESS_KEY_ID: z.string().min(1).optional().describe('Access key of an S3 store.'),
  AWS_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  AWS_SESSION_TOKEN: z.string().min(1).optional(),
  COUNTERSIGN_WRITES_PER_MINUTE: rate.default(120).describe('Writes that one person may send in a minute.'),
  COUNTERSIGN_REFUSED_TOKENS_PER_MINUTE: rate
    .default(60)
    .describe('Refused tokens that one address may send in a minute.'),
  COUNTERSIGN_TRUST_PROXY: z.coerce
    .number()
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe('Proxies in front of the API, or of the console.'),
  COUNTERSIGN_WEBHOOK_URL: url(['http:', 'https:'])
    .optional()
    .describe('Where the deliverer brings notices; none without it. http: on loopback only.'),
  COUNTERSIGN_WEBHOOK_SECRET: z.string().min(1).optional().describe('Signs the notices: whsec_ and base64.'),
  COUNTERSIGN_FREEZE_CALENDAR: z.string().min(1).optional().describe('File with freezes (YAML).'),
  HTTPS_PROXY: proxy
    .optional()
    .describe('The proxy by which https: addresses are reached; also in lower case.'),
  HTTP_PROXY: proxy
    .optional()
    .describe('The proxy by which http: addresses are reached; also in lower case.'),
  NO_PROXY: z
    .string()
    .min(1)
    .optional()
    .describe('Hosts and domains that are reached without; also in lower case.'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url(['http:', 'https:'])
    .optional()
    .describe('Where traces go (OTLP over HTTP); none without it.'),
});

/** The checked environment. */
export type Environment = z.infer<typeof environmentSchema>;

/**
 * Reads and checks the environment.
 * @throws CountersignError `invalid_configuration` naming each wrong variable and its rule
 */
export function readEnvironment(env: NodeJS.ProcessEnv): Environment {
  const set = Object.fromEntries(
    Object.entries({ ...env, ...inLowerCase(env) }).filter(
      ([, value]) => value !== undefined && value !== '',
    ),
  );
  const result = environmentSchema.safeParse(set);
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({
    field: issue.path.join('.'),
    rule: issue.code,
    message: issue.message,
  }));
  throw new CountersignError(
    'invalid_configuration',
    errors.map((e) => `${e.field}: ${e.message}`).join('; '),
    { errors },
  );
}

/** Whether the user and password of a URL can be decoded: a percent sign of a password's own has to be written `%25`. */
function hasReadableLogin(value: string): boolean {
  if (!URL.canParse(value)) return true;
  const { username, password } = new URL(value);
  try {
    decodeURIComponent(`${username}:${password}`);
    return true;
  } catch {
    return false;
  }
}

/** The settings of proxies as most programs have them, which prefer these to those in upper case. */
function inLowerCase({ https_proxy, http_proxy, no_proxy }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...(https_proxy ? { HTTPS_PROXY: https_proxy } : {}),
    ...(http_proxy ? { HTTP_PROXY: http_proxy } : {}),
    ...(no_proxy ? { NO_PROXY: no_proxy } : {}),
  };
}

/** The value of a variable that this process cannot do without. @throws CountersignError `invalid_configuration` */
export function required<K extends keyof Environment>(
  env: Environment,
  name: K,
): NonNullable<Environment[K]> {
  const value = env[name];
  if (value == null) {
    throw new CountersignError('invalid_configuration', `${name} is not set; see docs/configuration.md`, {
      errors: [{ field: name, rule: 'required', message: 'must be set' }],
    });
  }
  return value;
}
