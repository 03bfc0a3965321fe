/** JSON as RFC 8259 has it, without floats in practice: see `domain/canonical-json.ts`. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };
