/** Most bytes of a person's canonical JSON: it stands in entries, of which each has 32 KiB. */
export const mostPersonBytes = 8192;

/** What a person may be to Countersign. */
export const roles = ['requester', 'approver', 'auditor', 'operator', 'admin'] as const;
/** What a person may be. One person may hold several roles, never requester and approver of one change. */
export type Role = (typeof roles)[number];

/** Who somebody is: the token's issuer and its subject, which together are one person. */
export interface PersonId {
  /** The issuer's URL, as in the token's `iss` (RFC 7519 §4.1.1). */
  readonly issuer: string;
  /** The token's `sub` (RFC 7519 §4.1.2). */
  readonly subject: string;
}

/** A person as a verified token describes them. */
export interface Person extends PersonId {
  /** For display only; never compared. */
  readonly name: string;
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  /** How the person was authenticated and when: `amr` values (RFC 8176) and `auth_time` (ISO 8601), where the token says so. */
  readonly authentication: { readonly methods: readonly string[]; readonly at: string | null };
  /** Of a machine: who issued its API token, and so answers for what it asks. */
  readonly issuedBy?: PersonId;
  /** Where a workflow asks in this person's name: which one. Nobody has seen a token of theirs. */
  readonly vouchedBy?: Voucher;
}

/** A workflow at whose word somebody is taken for a change's requester. */
export interface Voucher {
  /** Temporal's. */
  readonly namespace: string;
  /** Its workflow type. */
  readonly type: string;
  readonly workflowId: string;
}

/** At whose word somebody is taken for a requester, as text: `host <workflow type> <workflow id>`. */
export function voucherText({ type, workflowId }: Omit<Voucher, 'namespace'>): string {
  return `host ${type} ${workflowId}`;
}

/** A person as they are named who may be at a host's word. */
type Attributed = Pick<Person, 'name'> & { readonly vouchedBy?: Voucher | undefined };

/** Somebody's name, never plainly where only a host says that it is them. Whoever shows it makes it fit to be shown. */
export function attributedName({ name, vouchedBy }: Attributed): string {
  return vouchedBy === undefined ? name : `${name}, vouched for by ${voucherText(vouchedBy)}`;
}

/** What the directory file said of somebody at one moment, of the groups that a policy takes from it. */
export interface DirectoryMembership extends PersonId {
  readonly groups: readonly string[];
}

/** Whether somebody asked for a change: they are its requester, or it is a machine on a token that they issued. */
export function askedFor(requester: PersonId & Pick<Person, 'issuedBy'>, person: PersonId): boolean {
  return (
    samePerson(requester, person) ||
    (requester.issuedBy !== undefined && samePerson(requester.issuedBy, person))
  );
}

/** Issuer of the persons that API tokens stand for; no identity provider can have it, since it is no URL. */
export const machineIssuer = 'countersign';

/** Who answers for what somebody asks: they themselves, or whoever issued a machine's token. */
export function answerableFor({ issuer, subject, issuedBy }: PersonId & Pick<Person, 'issuedBy'>): PersonId {
  return issuedBy ?? { issuer, subject };
}

/** Whether it is an API token that acts, and no person. */
export function isMachine(person: Pick<Person, 'issuedBy'>): boolean {
  return person.issuedBy !== undefined;
}

/** The one comparison of two people. */
export function samePerson(a: PersonId, b: PersonId): boolean {
  return a.issuer === b.issuer && a.subject === b.subject;
}
