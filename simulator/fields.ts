/** One broken rule of a control request: the field's path and what was expected there. */
export interface FieldError {
  readonly field: string;
  readonly rule: string;
}

/** Reads the fields of one JSON object, collecting every broken rule, unknown fields too. */
export class FieldReader {
  readonly errors: FieldError[];
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #known = new Set<string>();

  /**
   * @param value what should be an object
   * @param path where it stands in the body, empty at the top
   * @param errors where broken rules are collected
   */
  constructor(value: unknown, path: string, errors: FieldError[]) {
    this.errors = errors;
    this.#path = path;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) errors.push({ field: path === '' ? '(body)' : path, rule: 'must be an object' });
    this.#object = isObject ? (value as Record<string, unknown>) : {};
  }

  /** The path of a field, as problems name it. */
  path(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  /** Records a broken rule. */
  fail(name: string, rule: string): void {
    this.errors.push({ field: this.path(name), rule });
  }

  /** A field's value as it stands, `undefined` when absent. */
  raw(name: string): unknown {
    this.#known.add(name);
    return this.#object[name];
  }

  /** A string of 1 to `maxBytes` bytes (0 to, with `allowEmpty`). */
  string(
    name: string,
    rule: { readonly maxBytes?: number; readonly required?: boolean; readonly allowEmpty?: boolean } = {},
  ): string | undefined {
    const value = this.raw(name);
    const max = rule.maxBytes ?? 65_536;
    if (value === undefined) {
      if (rule.required === true) this.fail(name, 'is required');
      return undefined;
    }
    const min = rule.allowEmpty === true ? 0 : 1;
    if (typeof value !== 'string' || value.length < min || Buffer.byteLength(value) > max) {
      this.fail(name, `must be a string of ${min} to ${max} bytes`);
      return undefined;
    }
    return value;
  }

  /** An integer within bounds, both included. */
  integer(name: string, min: number, max: number): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      this.fail(name, `must be an integer from ${min} to ${max}`);
      return undefined;
    }
    return value;
  }

  /** True or false. */
  boolean(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value === undefined || typeof value === 'boolean') return value;
    this.fail(name, 'must be true or false');
    return undefined;
  }

  /** One of the given words. */
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    const found = words.find((word) => word === value);
    if (found === undefined) this.fail(name, `must be one of ${words.join(', ')}`);
    return found;
  }

  /** A list, each item read by `read`; items for which that returns `undefined` are left out. */
  list<Item>(name: string, read: (value: unknown, path: string) => Item | undefined): Item[] | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      this.fail(name, 'must be a list');
      return undefined;
    }
    return (value as unknown[])
      .map((item, index) => read(item, `${this.path(name)}[${index}]`))
      .filter((item) => item !== undefined);
  }

  /** A list of non-empty strings. */
  strings(name: string): string[] | undefined {
    return this.list(name, (item, path) => {
      if (typeof item === 'string' && item !== '') return item;
      this.errors.push({ field: path, rule: 'must be a string of at least one character' });
      return undefined;
    });
  }

  /** To be called last: every field that was not asked for breaks a rule, since a misspelt one would do nothing. */
  end(): void {
    for (const name of Object.keys(this.#object)) {
      if (!this.#known.has(name)) {
        this.errors.push({
          field: this.path(name),
          rule: `is unknown; known: ${[...this.#known].join(', ')}`,
        });
      }
    }
  }
}

/** A shape whose fields that may be undefined are optional instead. */
export type Defined<Shape> = {
  [Key in keyof Shape as undefined extends Shape[Key] ? never : Key]: Shape[Key];
} & {
  [Key in keyof Shape as undefined extends Shape[Key] ? Key : never]?: Exclude<Shape[Key], undefined>;
};

/** An object without its undefined fields, so that optional fields are absent rather than undefined. */
export function defined<Shape extends object>(shape: Shape): Defined<Shape> {
  return Object.fromEntries(
    Object.entries(shape).filter(([, value]) => value !== undefined),
  ) as unknown as Defined<Shape>;
}
