export { createClient } from './client.ts';
export type { ChangePage, ClientOptions, CountersignClient, NewChange } from './client.ts';
export type { Bearer, ShownEntry } from './api-client.ts';
export type { ChangeView } from '../api/change-view.ts';
export type { ListedChange } from '../api/listed-change.ts';
export { CountersignError } from '../domain/error.ts';
export type { ErrorCode, FieldError } from '../domain/error.ts';
