import type { z } from 'zod';
import type { Role } from '../../domain/person.ts';

/** One call of the API, as its OpenAPI document describes it. */
export interface Call {
  readonly method: 'get' | 'post' | 'delete';
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly headers?: z.ZodObject;
  /** Schema of the path's parameters; default: a UUID for `{id}`. */
  readonly params?: z.ZodObject;
  readonly answers: Readonly<Record<number, z.ZodType>>;
  readonly problems: readonly number[];
  /** The call can also answer as Server-Sent Events. */
  readonly stream?: boolean;
  /** The content type of the answer, when it is not JSON. */
  readonly as?: 'text/plain' | 'application/gzip';
  /**
   * Who may call: anybody with a token (`any`), whoever has one of these roles, or anybody at all (null). A test calls
   * each with every role, with none, with a machine's token and without a token.
   */
  readonly roles: readonly Role[] | 'any' | null;
  /** The requester of the change may call it, too. */
  readonly own?: boolean;
  /** No machine may call it, whatever its roles. */
  readonly peopleOnly?: boolean;
}

/** The roles that see every change. */
export const readers: readonly Role[] = ['approver', 'auditor', 'operator'];
