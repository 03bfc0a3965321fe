import { folderSource, openFolderPlace } from '../audit/forward/folder-place.ts';
import { objectPlace } from '../audit/forward/object-place.ts';
import { ossStore } from '../audit/forward/oss-store.ts';
import type { Place, Source } from '../audit/forward/place.ts';
import { s3Store } from '../audit/forward/s3-store.ts';
import type { StoreKey } from '../audit/forward/s3-store.ts';
import { CountersignError } from '../domain/error.ts';
import { isSafeAddress } from '../domain/loopback.ts';
import { createCredential, createKeySource } from '../onsmqtt/credentials.ts';
import { byRoute } from '../onsmqtt/route.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { vendorKey } from './vendor-key.ts';
import { wayOut } from './way-out.ts';

/** `s3://<bucket>/<prefix>` or `oss://<bucket>/<prefix>`. */
const storeAddress = /^(s3|oss):\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./-]*))?$/;

/**
 * The place that COUNTERSIGN_FORWARD_TO names; a folder is made.
 * @throws CountersignError `invalid_configuration`; `place_unavailable` for a folder that cannot be made
 */
export async function forwardPlace(env: Environment): Promise<Place> {
  const folder = folderOf(env);
  return folder === null ? storePlace(env) : openFolderPlace(folder);
}

/** The same, to be read only. @throws CountersignError `invalid_configuration` */
export function forwardSource(env: Environment): Source {
  const folder = folderOf(env);
  return folder === null ? storePlace(env) : folderSource(folder);
}

/** The folder that the log goes to, or null for an object store. */
function folderOf(env: Environment): string | null {
  const to = required(env, 'COUNTERSIGN_FORWARD_TO');
  if (/^[a-z0-9]+:\/\//i.test(to)) return null;
  if (env.COUNTERSIGN_FORWARD_LOCK_DAYS !== undefined) {
    refuse('COUNTERSIGN_FORWARD_LOCK_DAYS', 'is for object stores: a folder locks nothing');
  }
  return to;
}

function storePlace(env: Environment): Place {
  const [, kind, bucket = '', prefix = ''] = storeAddress.exec(env.COUNTERSIGN_FORWARD_TO ?? '') ?? [];
  if (kind === undefined) {
    refuse('COUNTERSIGN_FORWARD_TO', 'must be a folder, s3://<bucket>/<prefix> or oss://<bucket>/<prefix>');
  }
  const endpoint = env.COUNTERSIGN_FORWARD_ENDPOINT;
  if (endpoint !== undefined && !isSafeAddress(new URL(endpoint))) {
    refuse('COUNTERSIGN_FORWARD_ENDPOINT', 'must be https: except on loopback');
  }
  const region = required(env, 'COUNTERSIGN_FORWARD_REGION');
  const address = { bucket, prefix: prefix.replaceAll(/^\/+|\/+$/g, ''), region, endpoint };
  const lockDays = env.COUNTERSIGN_FORWARD_LOCK_DAYS;
  return objectPlace({
    store: kind === 's3' ? s3Store(address, s3Key(env)) : ossStore(address, ossKey(env)),
    lockMs: lockDays === undefined ? null : lockDays * 86_400_000,
    fetch: wayOut(env).fetch,
  });
}

function s3Key(env: Environment): () => Promise<StoreKey> {
  const key = {
    accessKeyId: required(env, 'AWS_ACCESS_KEY_ID'),
    accessKeySecret: required(env, 'AWS_SECRET_ACCESS_KEY'),
    ...(env.AWS_SESSION_TOKEN === undefined ? {} : { securityToken: env.AWS_SESSION_TOKEN }),
  };
  return () => Promise.resolve(key);
}

/** The access key of the environment, or that of the vendor's default chain, such as the role of an ECS instance. */
function ossKey(env: Environment): () => Promise<StoreKey> {
  const source = createKeySource(() => createCredential(vendorKey(env)));
  const { agentFor } = wayOut(env);
  return () => byRoute(agentFor, () => source.current());
}

function refuse(name: string, rule: string): never {
  throw new CountersignError('invalid_configuration', `${name}: ${rule}`, {
    errors: [{ field: name, rule: 'custom', message: rule }],
  });
}
