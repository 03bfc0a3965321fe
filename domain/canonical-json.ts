import canonicalize from 'canonicalize';
import { CountersignError } from './error.ts';

/**
 * A value's canonical JSON (RFC 8785). Only what survives every reader is let through: strings without lone surrogates
 * and U+0000, safe integers, booleans, null, arrays and plain objects.
 *
 * @throws CountersignError `invalid_request` naming the path and the rule
 */
export function canonicalJson(value: unknown): string {
  check(value, '$');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return canonicalize(value) as string;
}

/**
 * The canonical JSON of an object whose members are given as canonical JSON: what was made before is not made again.
 * @param members - by names of ASCII letters
 */
export function canonicalMembers(members: Readonly<Record<string, string>>): string {
  const names = Object.keys(members).sort();
  return `{${names.map((name) => `"${name}":${members[name] as string}`).join(',')}}`;
}

function check(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) refuse(path, 'well_formed', 'no lone surrogates');
    if (value.includes('\u0000')) refuse(path, 'no_nul', 'no U+0000');
  } else if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) refuse(path, 'safe_integer', 'a safe integer');
  } else if (Array.isArray(value)) {
    value.forEach((v, i) => check(v, `${path}[${i}]`));
  } else if (typeof value === 'object' && isPlain(value)) {
    for (const [k, v] of Object.entries(value)) {
      check(k, `${path} key`);
      check(v, `${path}.${k}`);
    }
  } else refuse(path, 'json', `JSON, not ${typeof value}`);
}

function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  // A plain object of another realm (the workflow sandbox is one) has a prototype whose own prototype is null.
  return proto === null || Object.getPrototypeOf(proto) === null;
}

function refuse(path: string, rule: string, expected: string): never {
  throw new CountersignError('invalid_request', `${path}: expected ${expected}`, {
    errors: [{ field: path, rule, message: `expected ${expected}` }],
  });
}
