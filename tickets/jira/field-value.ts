import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Json } from '../../domain/json.ts';
import { plainText } from './rich-text.ts';

/** Longer text is cut: what is read goes into entries, and nothing that a rule compares is as long. */
const longest = 1000;
const withoutColon = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?)([+-]\d{2})(\d{2})$/;

/**
 * A field of an issue as text: of an option or an account its name, of a list its members after each other, of a moment ISO 8601
 * as everybody reads it (Jira's offset has no colon). Null: empty.
 */
export function fieldText(value: unknown): string | null {
  const text = textOf(value);
  if (text === null || text === '') return null;
  const [, moment, hours, minutes] = withoutColon.exec(text) ?? [];
  const whole = moment === undefined ? text : `${moment}${hours}:${minutes}`;
  return whole.length > longest ? `${whole.slice(0, longest).toWellFormed()}…` : whole;
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return safe(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) {
    const parts = (value as unknown[]).map(textOf).filter((part) => part !== null);
    return parts.length === 0 ? null : parts.join(', ');
  }
  const document = plainText(value);
  if (document !== null) return safe(document);
  const { value: option, name, displayName, key } = value as Record<string, unknown>;
  const named = [option, name, displayName, key].find((one) => typeof one === 'string');
  return named === undefined ? canonicalJson(jsonOf(value)) : safe(named);
}

function safe(text: string): string {
  return text.toWellFormed().replaceAll('\u0000', '\ufffd');
}

/** What Jira answered as the JSON that entries and digests take: other numbers than safe integers become text. */
export function jsonOf(value: unknown): Json {
  if (typeof value === 'string') return safe(value);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : String(value);
  if (typeof value === 'boolean') return value;
  if (Array.isArray(value)) return (value as unknown[]).map(jsonOf);
  if (typeof value !== 'object' || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [safe(name), jsonOf(one)]));
}
