import { createRequire } from 'node:module';

/** The version of Countersign. */
export function ownVersion(): string {
  return (createRequire(import.meta.url)('countersign/package.json') as { version: string }).version;
}
