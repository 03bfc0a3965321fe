import { InvalidArgumentError } from 'commander';

/**
 * Reads an option `name=value` that may be given several times, each name once.
 *
 * @param all - what was read before
 * @throws InvalidArgumentError
 */
export function namedValue(
  text: string,
  all: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError(`expected name=value, got ${text}`);
  const name = text.slice(0, at);
  if (Object.hasOwn(all, name)) throw new InvalidArgumentError(`${name} is given twice`);
  return { ...all, [name]: text.slice(at + 1) };
}

/** Members with their values as people read them. */
export function namedValues(scope: Readonly<Record<string, string>>): string {
  return Object.entries(scope)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
