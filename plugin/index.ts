export { CountersignPlugin, workflowsPath } from './countersign-plugin.ts';
export type { CountersignPluginOptions } from './countersign-plugin.ts';
export type { PayloadOptions } from '../codec/data-converter.ts';
export type { PayloadPlace } from '../codec/encrypted-payload.ts';
export type { HostCodec } from '../codec/host-codec.ts';
export type { PayloadUnreadable, UnreadableReason } from '../codec/payload-unreadable.ts';
export { keyRing, readPayloadKeys } from '../codec/key-ring.ts';
export type { KeyRing, PayloadKey, PayloadKeyUse } from '../codec/key-ring.ts';
export type { ActivityDependencies } from '../activities/dependencies.ts';
export { implement } from '../operations/implement.ts';
export type { Implementation, PreparedCall, SentAnswer } from '../operations/implement.ts';
export type { Implementations } from '../operations/implementations.ts';
export type { Operations } from '../operations/registry.ts';
export type { AlarmCode, RaiseAlarm } from '../domain/alarm.ts';
export type {
  Attempt,
  Calls,
  Change,
  ChangeRequest,
  Decision,
  MissingSeats,
  Outcome,
  Reason,
  Review,
  Ticket,
} from '../domain/change.ts';
export type { IsWritten } from '../domain/entry-writer.ts';
export type { Freeze, Named } from '../domain/freeze.ts';
export type { HostPattern } from '../domain/host.ts';
export type { DirectoryMembership, Person, PersonId, Voucher } from '../domain/person.ts';
export type {
  BreakGlassRule,
  Channel,
  Delegation,
  Escalation,
  GroupSource,
  PinnedPolicy,
  RejectRule,
  RequiredAuthentication,
  SeatGroup,
  Stage,
  TicketRule,
} from '../domain/policy.ts';
export type {
  Act,
  SignedStatement,
  Statement,
  StatementKind,
  StatementMembers,
} from '../domain/statement.ts';
export type { Sealing } from '../audit/sealing.ts';
export type { PolicyChoice, PolicyQuestion } from '../policies/choose.ts';
export type { Account, TicketReader } from '../tickets/ticket-system.ts';
export type { Window } from '../domain/window.ts';
export type { TicketPhase, TicketRead } from '../domain/ticket-read.ts';
export type { EntryBody, EntryDraft } from '../domain/entry.ts';
export { alarmCodes } from '../domain/alarm.ts';
export { actionsOfKind } from '../domain/statement.ts';
