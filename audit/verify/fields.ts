import type { Json, JsonObject } from '../../domain/json.ts';

/** What an entry should hold may be anything once somebody has forged it: these ask without trusting. */
export function objectOf(value: Json | undefined): JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function stringOf(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

export function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : -1;
}
