import type { Answer } from './answer.ts';
import type { FieldError } from './fields.ts';
import type { Incoming } from './incoming.ts';
import { problemAnswer } from './problem.ts';
import type { Simulation } from './simulation.ts';

/** Answers one method on one path of the control interface. */
export type Route = (simulation: Simulation, incoming: Incoming) => Answer;

/** A 200 with a JSON body. */
export function json(body: unknown): Answer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
}

/** Parses the body and hands it to `use`; nothing is done when `read` collects broken rules. */
export function withBody<Input>(
  incoming: Incoming,
  read: (value: unknown, errors: FieldError[]) => Input,
  use: (input: Input) => Answer,
): Answer {
  let value: unknown;
  try {
    value = JSON.parse(incoming.body.toString('utf8'));
  } catch (error) {
    return problemAnswer(400, `The body is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  const errors: FieldError[] = [];
  const input = read(value, errors);
  if (errors.length > 0) return problemAnswer(422, 'Nothing was changed.', errors);
  return use(input);
}

/** Hands the query's parameters to `use`. Unknown ones are refused: a misspelt filter would match everything. */
export function withQuery<Name extends string>(
  incoming: Incoming,
  known: readonly Name[],
  use: (query: Readonly<Partial<Record<Name, string>>>) => Answer,
): Answer {
  const names: readonly string[] = known;
  const unknown = incoming.query.find(([name]) => !names.includes(name));
  if (unknown !== undefined) {
    const rule = `is unknown; known: ${known.join(', ')}`;
    return problemAnswer(422, 'Nothing was done.', [{ field: unknown[0], rule }]);
  }
  return use(Object.fromEntries(incoming.query) as Partial<Record<Name, string>>);
}
