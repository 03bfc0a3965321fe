import canonicalize from 'canonicalize';
import { CountersignError } from './error.ts';

/**
 * A value's canonical JSON (RFC 8785). Only what survives every reader is let through: strings without lone surrogates
 * and U+0000, safe integers, booleans, null, arrays and plain objects.
 *
 * @throws CountersignError `invalid_request` naming the path and the rule
 */
export function canonicalJson(value: unknown): string {
  // In order already, as whatever was parsed from canonical JSON is, it is written as it stands: RFC 8785 §3.2.2 has
  // ECMAScript's own form of strings and numbers.
  return isInOrder(value, '$') ? JSON.stringify(value) : (canonicalize(value) as string);
}

/**
 * The canonical JSON of an object whose members are given as canonical JSON: what was made before is not made again.
 * @param members - by names of ASCII letters
 */
export function canonicalMembers(members: Readonly<Record<string, string>>): string {
  const names = Object.keys(members).sort();
  return `{${names.map((name) => `"${name}":${members[name] as string}`).join(',')}}`;
}

/**
 * Whether all members stand in their order (of UTF-16 code units, RFC 8785 §3.2.3).
 * @throws CountersignError for what {@link canonicalJson} does not let through
 */
function isInOrder(value: unknown, path: string): boolean {
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'string') {
    if (!value.isWellFormed()) refuse(path, 'well_formed', 'no lone surrogates');
    if (value.includes('\u0000')) refuse(path, 'no_nul', 'no U+0000');
    return true;
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) refuse(path, 'safe_integer', 'a safe integer');
    return true;
  }
  let inOrder = true;
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      inOrder = isInOrder(item, `${path}[${i}]`) && inOrder;
    });
  } else if (typeof value === 'object' && isPlain(value)) {
    let last: string | null = null;
    for (const [name, member] of Object.entries(value)) {
      isInOrder(name, `${path} key`);
      inOrder = isInOrder(member, `${path}.${name}`) && inOrder && (last === null || last < name);
      last = name;
    }
  } else refuse(path, 'json', `JSON, not ${typeof value}`);
  return inOrder;
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
