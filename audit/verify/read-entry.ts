import { isUtf8 } from 'node:buffer';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Json } from '../../domain/json.ts';
import { appenderOfType } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { namesWriter, writtenText } from '../../domain/entry-writer.ts';
import { isoTime } from '../../domain/time.ts';
import { scanCanonical } from './scan-canonical.ts';
import type { Span } from './scan-canonical.ts';

const comma = 0x2c;

/** What an entry's bytes say. */
export interface ReadEntry {
  readonly body: EntryBody;
  /** The member's canonical JSON; null where there is none. */
  readonly policyJson: string | null;
  /** As it stands there, canonical JSON in UTF-8; null where there is none. */
  readonly statement: Uint8Array | null;
  /** What the key that wrote the entry has signed: its bytes without the member `writer`; null where it names none. */
  readonly written: Uint8Array | null;
}

/**
 * The body in an entry's bytes, or what is wrong with them: not UTF-8, not JSON, not canonical (RFC 8785), so that two
 * readers could read two things, or without what every entry has.
 */
export function readEntry(bytes: Buffer): ReadEntry | string {
  if (!isUtf8(bytes)) return 'not UTF-8';
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'not an object';
  const spans = scanCanonical(bytes);
  if (!spans && !isCanonical(text, value as Json)) return 'not canonical JSON';
  const { v, type, time, changeId, actor, operation, target } = value as Record<string, unknown>;
  if (v !== 1) return 'not of version 1';
  if (typeof type !== 'string' || !Object.hasOwn(appenderOfType, type)) return 'of an unknown type';
  if (typeof time !== 'string' || !isMoment(time)) return 'without a time';
  if (!isNullOrText(changeId) || !isNullOrText(operation) || !isNullOrText(target))
    return 'without its members';
  if (actor === null || typeof actor !== 'object' || Array.isArray(actor)) return 'without an actor';
  const body = value as EntryBody;
  return {
    body,
    policyJson: spans ? textAt(bytes, spans.pinnedPolicy) : textOf(body.pinnedPolicy),
    statement: spans ? bytesAt(bytes, spans.statement) : bytesOf(textOf(body.statement)),
    written: namesWriter(body)
      ? spans?.writer
        ? bytesWithout(bytes, 'writer', spans.writer)
        : bytesOf(writtenText(body))
      : null,
  };
}

/** Canonical JSON without one of its members is canonical JSON. */
function bytesWithout(bytes: Buffer, name: string, { start, end }: Span): Uint8Array {
  const from = start - `"${name}":`.length;
  // One comma goes with it: that after it, or that before it where it is the last.
  const isLast = bytes[end] !== comma;
  return Buffer.concat([bytes.subarray(0, isLast ? from - 1 : from), bytes.subarray(isLast ? end : end + 1)]);
}

function textAt(bytes: Buffer, span: Span | null): string | null {
  return span && bytes.toString('utf8', span.start, span.end);
}

function bytesAt(bytes: Buffer, span: Span | null): Uint8Array | null {
  return span && bytes.subarray(span.start, span.end);
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(text, 'utf8');
}

function textOf(member: Json | undefined): string | null {
  return member === undefined ? null : canonicalJson(member);
}

function isNullOrText(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isMoment(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)) return false;
  const at = Date.parse(text);
  // The parser takes 30 February for 2 March, and 24:00 for the next day.
  return !Number.isNaN(at) && (hasEachMonth(text) || isoTime(at) === text);
}

/** Whether every month has such a day, and every day such an hour. */
function hasEachMonth(text: string): boolean {
  return text.slice(8, 10) <= '28' && text.slice(11, 13) < '24';
}

/** The long way, also for what is nested so deep that nobody could write it so. */
function isCanonical(text: string, value: Json): boolean {
  try {
    return canonicalJson(value) === text;
  } catch {
    return false;
  }
}
