/** Who is refused what by PermissionCheckFailed; an absent field matches everything. */
export interface Denial {
  readonly action?: string;
  readonly accessKeyId?: string;
  readonly mqttInstanceId?: string;
}

/** What can be set while the simulator runs. */
export interface Settings {
  /** Calls a second that the account is allowed; 500 as documented. */
  readonly callsPerSecond: number;
  /** Whether the vendor's notice is in force: codes move between statuses, bodies unchanged. */
  readonly movedStatuses: boolean;
  /** Instances of another account: answered MqttOwnerCheckError. */
  readonly foreignInstances: readonly string[];
  /** Instances without any certificate that exist nevertheless. */
  readonly emptyInstances: readonly string[];
  /** Calls answered PermissionCheckFailed. */
  readonly denied: readonly Denial[];
}

/** The settings a simulator starts with. */
export const DEFAULT_SETTINGS: Settings = {
  callsPerSecond: 500,
  movedStatuses: false,
  foreignInstances: [],
  emptyInstances: [],
  denied: [],
};
