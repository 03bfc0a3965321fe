export { createClient } from './client.ts';
export type { ChangePage, ClientOptions, CountersignClient, NewChange } from './client.ts';
export type { Bearer, ShownEntry } from './api-client.ts';
export type {
  ChangeView,
  ListedChange,
  ShownChange,
  ShownStop,
  ShownTicketRead,
} from '../api/change-view.ts';
export type { Action, Permission } from '../domain/actions.ts';
export type { Block } from '../domain/block.ts';
export { CountersignError, httpStatusOfCode } from '../domain/error.ts';
export type { ErrorCode, FieldError } from '../domain/error.ts';
export { actions } from '../domain/actions.ts';
export type { TicketPoint } from '../domain/ticket-gate.ts';
export type { ShownTicket } from '../domain/ticket-read.ts';
