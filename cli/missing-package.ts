import { CountersignError } from '../domain/error.ts';
import { ownPackage } from './version.ts';

/** The package that brings what only the service's processes need. */
const servicePackage = 'countersign-service';

/**
 * What to tell of an import that failed because a package is not installed; null for every other error.
 *
 * @returns CountersignError `invalid_configuration` that names what to install
 */
export function asMissingPackage(error: unknown): CountersignError | null {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return null;
  const name = /^Cannot find (?:package|module) '((?:@[^'/]+\/)?[^'/.][^'/]*)/.exec(message)?.[1];
  if (name === undefined) return null;
  const remedy = Object.keys(ownPackage().peerDependencies).includes(name)
    ? `npm install ${name}`
    : `npm install ${servicePackage}@${ownPackage().version}`;
  return new CountersignError(
    'invalid_configuration',
    `this needs the package ${name}, which is not installed. Remedy: ${remedy}`,
    { cause: error },
  );
}
