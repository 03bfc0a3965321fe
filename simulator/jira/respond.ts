import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import type { JiraState, JiraUser } from './state.ts';

/** A request with what its answer needs. */
export interface Asked {
  readonly state: JiraState;
  readonly user: JiraUser;
  readonly incoming: Incoming;
  /** 2: text; 3: rich text. */
  readonly version: 2 | 3;
  /** Answer, and do nothing. */
  readonly dryRun: boolean;
  /** Where this endpoint is, for `self`. */
  readonly base: string;
  /** Tells the webhook of an event. */
  readonly tell: (event: {
    readonly name: string;
    readonly members: Readonly<Record<string, unknown>>;
  }) => void;
}

/** An error in Jira's shape. */
export function jiraError(
  status: number,
  messages: readonly string[],
  errors: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer({ errorMessages: messages, errors }, status, headers);
}

/** What an issue that is not there, or is not shown, answers. */
export const noIssue = (): Answer =>
  jiraError(404, ['Issue does not exist or you do not have permission to see it.']);

export const noContent = (): Answer => ({ status: 204, contentType: 'application/json', body: '' });

/** A body that is a JSON object; null where it is none. */
export function bodyOf(incoming: Incoming): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(incoming.body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** One parameter of the query. */
export function parameter(incoming: Incoming, name: string): string | undefined {
  return incoming.query.find(([one]) => one === name)?.[1];
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
