/** What a person said, or what an entry tells, as canonical JSON in UTF-8, with the API's signature (base64) on it. */
export interface StatementClaim {
  readonly canonicalStatement: Uint8Array;
  readonly keyId: string;
  readonly signature: string;
}
