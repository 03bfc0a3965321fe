import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { CountersignError, isErrorCode } from '../domain/error.ts';
import { shownJson } from '../domain/shown-text.ts';
import { errorsOf } from '../operations/field-errors.ts';
import type { AgentApi } from './agent-api.ts';
import { nextAfter } from './next-step.ts';
import { shownValue } from './shown-value.ts';
import type { Tool } from './tool.ts';

/**
 * Runs a tool. What is refused comes back as the tool's error with its code, the members at fault and what to do next; what
 * nobody expected is thrown.
 */
export async function callTool(
  tool: Tool,
  api: AgentApi,
  sent: unknown,
  signal: AbortSignal,
): Promise<CallToolResult> {
  try {
    const value = shownValue(await tool.run(api, inputOf(tool, sent), signal));
    return {
      content: [{ type: 'text', text: shownJson(value) }],
      structuredContent: value as Record<string, unknown>,
    };
  } catch (error) {
    if (!(error instanceof CountersignError)) throw error;
    return refused(error);
  }
}

function inputOf({ input }: Tool, sent: unknown): Record<string, unknown> {
  const read = input.safeParse(sent ?? {}, { reportInput: true });
  if (read.success) return read.data;
  const errors = errorsOf(read.error, '');
  const [first] = errors;
  const message = first ? `${first.field}: ${first.message}` : 'the input is not valid';
  throw new CountersignError('invalid_request', message, { errors });
}

/** A refusal as the agent has it. The members of its output have no place in it, so it is text alone. */
export function refused({ code, message, errors, extra }: CountersignError): CallToolResult {
  const known = isErrorCode(code) ? code : 'internal_error';
  const told = shownValue({ code: known, message, errors, ...extra, next: nextAfter(known) });
  return { isError: true, content: [{ type: 'text', text: shownJson(told) }] };
}
