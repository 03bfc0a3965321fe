/** A field of an operation's input, as the form shows it. */
export interface InputField {
  readonly name: string;
  /** `json`: of a kind that has no field of its own; its JSON is written. */
  readonly kind: 'text' | 'choice' | 'number' | 'whole' | 'tick' | 'list' | 'json';
  readonly label: string;
  readonly description: string | null;
  readonly isRequired: boolean;
  /** Of a choice. */
  readonly options: readonly string[];
  readonly pattern: string | null;
  readonly maxLength: number | null;
  readonly initial: string;
}

type JsonSchema = Readonly<Record<string, unknown>>;

/** The members of an operation's input. */
export function inputMembersOf(schema: JsonSchema): string[] {
  return Object.keys(objectOf(schema['properties']));
}

/** What an operation's schema calls a member of its input for people; its own name where it says nothing. */
export function labelOf(schema: JsonSchema, name: string): string {
  const { title } = objectOf(objectOf(schema['properties'])[name]);
  return typeof title === 'string' ? title : name;
}

/** The fields of a form for an operation's input. @param schema - its JSON Schema, of an object */
export function inputFields(schema: JsonSchema): InputField[] {
  const required = listOf(schema['required']);
  return Object.entries(objectOf(schema['properties'])).map(([name, value]) => {
    const member = objectOf(value);
    const { description, pattern, maxLength, default: initial } = member;
    return {
      name,
      kind: kindOf(member),
      label: labelOf(schema, name),
      description: typeof description === 'string' ? description : null,
      isRequired: required.includes(name),
      options: listOf(member['enum']).map(String),
      pattern: typeof pattern === 'string' ? pattern : null,
      maxLength: typeof maxLength === 'number' ? maxLength : null,
      initial: initial === undefined ? '' : typeof initial === 'string' ? initial : JSON.stringify(initial),
    };
  });
}

/**
 * The input that a filled-in form stands for. What is empty and not required is left out; what cannot be read as its kind
 * goes as it was written, for the API to say what is wrong with it.
 */
export function inputOf(
  fields: readonly InputField[],
  written: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    const text = written[field.name] ?? field.initial;
    if (text === '' && !field.isRequired && field.kind !== 'tick') continue;
    input[field.name] = valueOf(field, text);
  }
  return input;
}

/** Whether everything that is required is written. */
export function isFilledIn(
  fields: readonly InputField[],
  written: Readonly<Record<string, string>>,
): boolean {
  return fields.every(
    ({ name, kind, isRequired, initial }) =>
      !isRequired || kind === 'tick' || (written[name] ?? initial) !== '',
  );
}

function kindOf(member: JsonSchema): InputField['kind'] {
  if (Array.isArray(member['enum'])) return 'choice';
  switch (member['type']) {
    case 'string':
      return 'text';
    case 'number':
      return 'number';
    case 'integer':
      return 'whole';
    case 'boolean':
      return 'tick';
    case 'array':
      return objectOf(member['items'])['type'] === 'string' ? 'list' : 'json';
    default:
      return 'json';
  }
}

function valueOf({ kind }: InputField, text: string): unknown {
  switch (kind) {
    case 'text':
    case 'choice':
      return text;
    case 'number':
    case 'whole': {
      const number = Number(text);
      return text.trim() === '' || Number.isNaN(number) ? text : number;
    }
    case 'tick':
      return text === 'true';
    case 'list':
      return text
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '');
    case 'json':
      try {
        return JSON.parse(text) as unknown;
      } catch {
        return text;
      }
  }
}

function objectOf(value: unknown): JsonSchema {
  return value !== null && typeof value === 'object' ? (value as JsonSchema) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
