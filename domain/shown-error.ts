/** An error as a log line has it. What else an error has (values of a row, a request's body) is left out. */
export type ShownError = {
  /** The name of its class, such as `TypeError`. */
  readonly type: string;
  /** An SQLSTATE, a code of Node's, or one of ours. */
  readonly code?: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: ShownError;
  /** Of an AggregateError. */
  readonly errors?: readonly ShownError[];
};

const deepest = 5;
const mostErrors = 10;

/** Whether a value is an error, also one of another realm, such as a workflow's sandbox. */
export function isError(value: unknown): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

/** An error, or whatever else was thrown, with what it came of, and without secrets. */
export function shownError(thrown: unknown, depth = 0): ShownError {
  if (!isError(thrown)) {
    return { type: typeof thrown, message: withoutSecrets(textOf(thrown)), stack: '' };
  }
  const { code, type, errors } = thrown as { code?: unknown; type?: unknown; errors?: unknown };
  // A failure of Temporal's has its code as a type.
  const said = [code, type].find((word) => typeof word === 'string' || typeof word === 'number');
  const inner = Array.isArray(errors) ? (errors as unknown[]).slice(0, mostErrors) : [];
  const deeper = depth < deepest;
  return {
    type: classOf(thrown),
    ...(said === undefined ? {} : { code: String(said) }),
    // An AggregateError of a connection has none.
    message: withoutSecrets(
      thrown.message || inner.map((e) => (isError(e) ? e.message : String(e))).join('; '),
    ),
    stack: withoutSecrets(thrown.stack ?? ''),
    ...(deeper && thrown.cause !== undefined && thrown.cause !== null
      ? { cause: shownError(thrown.cause, depth + 1) }
      : {}),
    // FieldErrors of ours are no errors.
    ...(deeper && inner.some(isError)
      ? { errors: inner.filter(isError).map((error) => shownError(error, depth + 1)) }
      : {}),
  };
}

/**
 * The members of a log line with each error in them shown, under whatever name it is; what is thrown and is no error, under
 * `err` and `error`, too.
 */
export function withShownErrors(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, shownIn(name, value)]));
}

function shownIn(name: string, value: unknown): unknown {
  if (isError(value)) return shownError(value);
  if (Array.isArray(value) && value.some(isError)) return value.map((one) => shownIn('', one));
  const isThrown = (name === 'err' || name === 'error') && value !== undefined && value !== null;
  return isThrown && !isShown(value) ? shownError(value) : value;
}

function textOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown);
  try {
    return JSON.stringify(thrown);
  } catch {
    // It contains itself, say.
    return Object.prototype.toString.call(thrown);
  }
}

function isShown(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'type' in value && 'message' in value && 'stack' in value
  );
}

function classOf(error: Error): string {
  const { name } = error.constructor as { name?: unknown };
  return typeof name === 'string' && name !== '' && name !== 'Error' ? name : error.name;
}

const secrets: readonly (readonly [RegExp, string])[] = [
  // The password of a URL, whatever it contains.
  [/:\/\/([^\s/:@]*):\S*@/g, '://$1:***@'],
  // Not what says how it must be: `COUNTERSIGN_WEBHOOK_SECRET: must be …`.
  [
    /((?:password|passwd|pwd|access_?token|id_?token|refresh_?token|token|secret|client_?secret|access_?key_?secret|api_?key)"?\s*[=:]\s*"?)(?!must )[^\s"&;,}]+/gi,
    '$1***',
  ],
  [/(\b(?:Bearer|Basic)\s+)[\w.~+/=-]+/gi, '$1***'],
  [/(PRIVATE\+KEY\+[^+\s]+\+)\S+/g, '$1***'],
  [/whsec_[\w+/=-]+/g, 'whsec_***'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '*** a private key ***'],
  // A token of ours, and a JWT.
  [/\bcst_[\w-]{20,}/g, 'cst_***'],
  [/\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g, '***'],
];

/** A text without what is told to nobody: passwords in URLs and options, keys, tokens. */
export function withoutSecrets(text: string): string {
  return secrets.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text);
}
