/** What an operation acts on. */
export interface Target {
  /** One string; at most one open change for each, whatever its operation. */
  readonly id: string;
  /** Named members that policies, freezes and filters match, such as `regionId`, `mqttInstanceId`, `sn`. */
  readonly scope: Readonly<Record<string, string>>;
  /** For people. */
  readonly label: string;
}
