/** What a person said, or what an entry tells, as canonical JSON, with the API's signature (base64) on it. */
export interface StatementClaim {
  readonly canonicalStatement: string;
  readonly keyId: string;
  readonly signature: string;
}
