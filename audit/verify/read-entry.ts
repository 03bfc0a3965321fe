import { isUtf8 } from 'node:buffer';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Json } from '../../domain/json.ts';
import { appenderOfType } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';

/**
 * The body in an entry's bytes, or what is wrong with them: not UTF-8, not JSON, not canonical (RFC 8785), so that two
 * readers could read two things, or without what every entry has.
 */
export function readEntry(bytes: Buffer): EntryBody | string {
  if (!isUtf8(bytes)) return 'not UTF-8';
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'not an object';
  if (!isCanonical(text, value as Json)) return 'not canonical JSON';
  const { v, type, time, changeId, actor, operation, target } = value as Record<string, unknown>;
  if (v !== 1) return 'not of version 1';
  if (typeof type !== 'string' || !Object.hasOwn(appenderOfType, type)) return 'of an unknown type';
  if (typeof time !== 'string' || !isMoment(time)) return 'without a time';
  if (!isNullOrText(changeId) || !isNullOrText(operation) || !isNullOrText(target))
    return 'without its members';
  if (actor === null || typeof actor !== 'object' || Array.isArray(actor)) return 'without an actor';
  return value as EntryBody;
}

function isNullOrText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isMoment(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) && !Number.isNaN(Date.parse(text));
}

/** What JSON.stringify writes from sorted members is canonical; only members named like numbers need the long way. */
function isCanonical(text: string, value: Json): boolean {
  if (JSON.stringify(value) === text && isSorted(value)) return true;
  try {
    return canonicalJson(value) === text;
  } catch {
    return false;
  }
}

function isSorted(value: Json): boolean {
  if (value === null || typeof value !== 'object') {
    return typeof value !== 'number' || Number.isSafeInteger(value);
  }
  if (Array.isArray(value)) return value.every(isSorted);
  const members = value as { readonly [name: string]: Json };
  let last: string | undefined;
  // Parsed JSON has no inherited members, and this makes no lists of them.
  for (const name in members) {
    if (last !== undefined && name <= last) return false;
    last = name;
    const member = members[name] as Json;
    if ((typeof member === 'object' || typeof member === 'number') && !isSorted(member)) return false;
  }
  return true;
}
