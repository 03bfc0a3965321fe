/** Where the value of a member stands, in bytes; null where there is none of that name. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Members of an entry whose own text is asked for. */
export interface Spans {
  readonly statement: Span | null;
  readonly pinnedPolicy: Span | null;
  readonly writer: Span | null;
}

/** Nested deeper than any entry of ours. */
const deepest = 64;

/**
 * Whether UTF-8 bytes are surely one canonical JSON object (RFC 8785): members in order and each once, no blanks, safe
 * integers. Null where one pass cannot tell: for an escape, a name beyond ASCII, deep nesting, and for whatever is wrong.
 */
export function scanCanonical(bytes: Uint8Array): Spans | null {
  if (bytes[0] !== brace) return null;
  const scan = new Scan(bytes);
  return scan.object(0) === bytes.length ? scan : null;
}

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const colon = 0x3a;
const bracket = 0x5b;
const backslash = 0x5c;
const closingBracket = 0x5d;
const brace = 0x7b;
const closingBrace = 0x7d;
const literals = { null: Buffer.from('null'), true: Buffer.from('true'), false: Buffer.from('false') };
const names = {
  statement: Buffer.from('statement'),
  pinnedPolicy: Buffer.from('pinnedPolicy'),
  writer: Buffer.from('writer'),
};

/** Each method takes where a value begins and answers where it ends, or -1. */
class Scan implements Spans {
  statement: Span | null = null;
  pinnedPolicy: Span | null = null;
  writer: Span | null = null;
  private depth = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  object(start: number): number {
    const { bytes } = this;
    if (bytes[start + 1] === closingBrace) return start + 2;
    if (this.depth === deepest) return -1;
    this.depth += 1;
    let lastStart = 0;
    let lastEnd = 0;
    let at = start;
    do {
      const nameStart = at + 2;
      at = this.name(at + 1);
      const nameEnd = at - 1;
      if (at < 0 || bytes[at] !== colon) return -1;
      if (lastEnd > 0 && !this.isBefore(lastStart, lastEnd, nameStart, nameEnd)) return -1;
      lastStart = nameStart;
      lastEnd = nameEnd;
      const valueStart = at + 1;
      at = this.value(valueStart);
      if (at < 0) return -1;
      if (this.depth === 1) this.remember(nameStart, nameEnd, valueStart, at);
    } while (bytes[at] === comma);
    this.depth -= 1;
    return bytes[at] === closingBrace ? at + 1 : -1;
  }

  private remember(nameStart: number, nameEnd: number, start: number, end: number): void {
    if (this.is(names.statement, nameStart, nameEnd)) this.statement = { start, end };
    else if (this.is(names.pinnedPolicy, nameStart, nameEnd)) this.pinnedPolicy = { start, end };
    else if (this.is(names.writer, nameStart, nameEnd)) this.writer = { start, end };
  }

  private array(start: number): number {
    const { bytes } = this;
    if (bytes[start + 1] === closingBracket) return start + 2;
    if (this.depth === deepest) return -1;
    this.depth += 1;
    let at = start;
    do {
      at = this.value(at + 1);
      if (at < 0) return -1;
    } while (bytes[at] === comma);
    this.depth -= 1;
    return bytes[at] === closingBracket ? at + 1 : -1;
  }

  private value(start: number): number {
    switch (this.bytes[start]) {
      case quote:
        return this.string(start);
      case brace:
        return this.object(start);
      case bracket:
        return this.array(start);
      case 0x6e:
        return this.literal(start, literals.null);
      case 0x74:
        return this.literal(start, literals.true);
      case 0x66:
        return this.literal(start, literals.false);
      default:
        return this.integer(start);
    }
  }

  private string(start: number): number {
    const { bytes } = this;
    for (let at = start + 1; ; at += 1) {
      const byte = bytes[at];
      if (byte === quote) return at + 1;
      if (byte === undefined || byte < 0x20 || byte === backslash) return -1;
    }
  }

  /** As text, names beyond ASCII are ordered by UTF-16, which bytes do not show. */
  private name(start: number): number {
    const { bytes } = this;
    if (bytes[start] !== quote) return -1;
    for (let at = start + 1; ; at += 1) {
      const byte = bytes[at];
      if (byte === quote) return at + 1;
      if (byte === undefined || byte < 0x20 || byte === backslash || byte >= 0x80) return -1;
    }
  }

  /** Of at most 15 digits, which are safe. */
  private integer(start: number): number {
    const { bytes } = this;
    const first = bytes[start] === minus ? start + 1 : start;
    let at = first;
    while (isDigit(bytes[at])) at += 1;
    const digits = at - first;
    if (digits < 1 || digits > 15) return -1;
    if (bytes[first] === zero && (digits > 1 || first > start)) return -1;
    return at;
  }

  private isBefore(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    const { bytes } = this;
    for (let n = 0; start + n < end && otherStart + n < otherEnd; n += 1) {
      const byte = bytes[start + n] as number;
      const other = bytes[otherStart + n] as number;
      if (byte !== other) return byte < other;
    }
    return end - start < otherEnd - otherStart;
  }

  private literal(start: number, word: Uint8Array): number {
    return this.is(word, start, start + word.length) ? start + word.length : -1;
  }

  private is(word: Uint8Array, start: number, end: number): boolean {
    if (end - start !== word.length) return false;
    for (let n = 0; n < word.length; n += 1) if (this.bytes[start + n] !== word[n]) return false;
    return true;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine;
}
