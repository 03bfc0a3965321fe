import { createRequire } from 'node:module';

/** What is read of the package's own package.json. */
interface OwnPackage {
  readonly version: string;
  /** Ranges by name: what a host has itself. */
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/** The package's own package.json. */
export function ownPackage(): OwnPackage {
  return createRequire(import.meta.url)('countersign/package.json') as OwnPackage;
}

/** The version of Countersign. */
export function ownVersion(): string {
  return ownPackage().version;
}
