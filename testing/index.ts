export { declaredOperations } from './declared-operations.ts';
export type { DeclaredRead } from './declared-operations.ts';
export type { TestFreeze, TestTicket } from './kit-rules.ts';
export { by, testIssuer } from './people.ts';
export { replayHistories } from './replay-histories.ts';
export type { SavedHistory } from './replay-histories.ts';
export { CountersignTestKit } from './test-kit.ts';
export type { TestEnvironment, TestKitOptions } from './test-kit.ts';
export { testTarget } from './test-target.ts';
export type { TestTarget } from './test-target.ts';
export type {
  AttemptEnd,
  ChangeEvent,
  Closed,
  Decided,
  Happened,
  Lapsed,
  Prechecked,
  Refused,
  Reminded,
  Requested,
  Said,
  Scheduled,
  StopCode,
  Stopped,
} from '../domain/change-event.ts';
export type { Attempt, Change } from '../domain/change.ts';
export { CountersignError } from '../domain/error.ts';
export type { ErrorCode } from '../domain/error.ts';
export { fault } from '../domain/fault.ts';
export type { Fault, FaultClass } from '../domain/fault.ts';
export { roles } from '../domain/person.ts';
export type { Person, PersonId, Role } from '../domain/person.ts';
export type { Freeze } from '../domain/freeze.ts';
export type { TicketPhase, TicketRead } from '../domain/ticket-read.ts';
export type { Implementation } from '../operations/implement.ts';
export type { Narrowed } from '../domain/reevaluation.ts';
