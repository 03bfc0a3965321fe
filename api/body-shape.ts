/** How large a JSON text may be in what it costs to parse. */
export interface BodyShape {
  /** Objects and arrays in one another. */
  readonly depth: number;
  /** Objects, arrays, their members and elements. */
  readonly values: number;
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Why a JSON text, in UTF-8, goes beyond a shape; null where it does not. To parse a few megabytes of brackets takes a second, of
 * one long string nothing. Of a text that is no JSON nothing is said but this.
 */
export function beyondShape(json: Uint8Array, { depth, values }: BodyShape): string | null {
  let open = 0;
  let seen = 1;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === closeArray || byte === closeObject) open -= 1;
    else if (byte === comma || byte === openArray || byte === openObject) {
      seen += 1;
      if (byte !== comma) open += 1;
      if (open > depth) return `more than ${depth} objects and arrays in one another`;
      if (seen > values) return `more than ${values} values`;
    }
  }
  return null;
}
