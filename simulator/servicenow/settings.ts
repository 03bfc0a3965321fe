/** An account. Roles as the system names them; `journal_reader` stands for an ACL that an instance has to add. */
export interface User {
  readonly userName: string;
  readonly name?: string;
  readonly password?: string;
  /** Sent as `x-sn-apikey`. */
  readonly apiKey?: string;
  readonly roles: readonly string[];
}

/** An OAuth client whose tokens act for one account. */
export interface OAuthClient {
  readonly clientId: string;
  readonly secret: string;
  readonly userName: string;
  /** How long its tokens live, s; default 1800. */
  readonly tokenSeconds?: number;
}

/** How the instance behaves; `PUT /_sim/settings` sets members. */
export interface Settings {
  /** What a business rule does with a step that is not allowed: 403, or 200 with nothing changed. */
  readonly refusal: 'forbid' | 'silent';
  /** In which form the Change Management API answers with one change. */
  readonly resultAs: 'object' | 'list';
  /** Whether a change leaves Authorize only once it is approved. */
  readonly needsApproval: boolean;
  /** Whether `nextstates` names steps with their conditions, as change models have it. */
  readonly hasModels: boolean;
  /** Further text fields of change_request. */
  readonly customFields: readonly string[];
  /** `table.field` that no answer has and no query knows, by an ACL. */
  readonly hiddenFields: readonly string[];
  /** `table.field` that answers have and no query knows, by an ACL for queries. */
  readonly unsearchableFields: readonly string[];
  /** `table.field` that are ignored when they are set. */
  readonly ignoredFields: readonly string[];
  /** How long a new change request is in no list of the Table API, ms. */
  readonly lagMs: number;
  /** The zone of display values, hours before (negative) or after UTC. */
  readonly zoneHours: number;
  /** Requests of an account in an hour; null: any number. */
  readonly requestsPerHour: number | null;
  /** Where a business rule sends a signed message after each change of a change request. */
  readonly webhook: {
    readonly url: string;
    /** Base64, as `generateMac` takes it. */
    readonly secret: string;
    /** How often each is sent; 0: lost. */
    readonly times?: number;
  } | null;
}

export const defaultSettings: Settings = {
  refusal: 'forbid',
  resultAs: 'object',
  needsApproval: false,
  hasModels: false,
  customFields: ['u_target'],
  hiddenFields: [],
  unsearchableFields: [],
  ignoredFields: [],
  lagMs: 0,
  zoneHours: -8,
  requestsPerHour: null,
  webhook: null,
};

/** Accounts to begin with: one that reads, one that writes, one of a person. */
export const defaultUsers: readonly User[] = [
  {
    userName: 'countersign.reader',
    name: 'Countersign Reader',
    password: 'reader-secret',
    apiKey: 'reader-key',
    roles: ['sn_change_read'],
  },
  {
    userName: 'countersign',
    name: 'Countersign',
    password: 'writer-secret',
    apiKey: 'writer-key',
    roles: ['itil', 'journal_reader'],
  },
  {
    userName: 'iris.lane',
    name: 'Iris Lane',
    password: 'iris-secret',
    roles: ['itil', 'change_manager'],
  },
];

export const defaultClients: readonly OAuthClient[] = [
  { clientId: 'countersign-client', secret: 'client-secret', userName: 'countersign' },
];
