import { BrokenTrail } from './broken-trail.ts';

/** Most bytes of one object: an event has some thousands, an answer of LookupEvents has 50 of them. */
const mostBytes = 8 * 1024 * 1024;

const [tab, lf, cr, blank] = [0x09, 0x0a, 0x0d, 0x20];
const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];
const bom = [0xef, 0xbb, 0xbf];

/**
 * The bytes of each JSON object in a text: the elements of an array, objects one a line, or several of either one after
 * another, as when files were put together. Only one object is held at a time. Whether it is JSON is for whoever parses it.
 *
 * @throws BrokenTrail `wrong_format` for anything else between the objects, `cut` where the text ends within one or an array
 */
export async function* jsonObjects(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [position, arrays, depth, heldBytes] = [0, 0, 0, 0];
  let [inString, escaped] = [false, false];
  let held: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let i = 0; i < chunk.length; i += 1) {
      const byte = chunk[i];
      if (depth === 0) {
        if (byte === openBrace) [depth, start] = [1, i];
        else if (byte === openBracket) arrays += 1;
        else if (byte === closeBracket && arrays > 0) arrays -= 1;
        else if (!isBetween(byte) && byte !== bom[position + i])
          throw new BrokenTrail('wrong_format', `expected JSON objects, got another byte at ${position + i}`);
      } else if (inString) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inString = false;
      } else if (byte === quote) inString = true;
      else if (byte === openBrace || byte === openBracket) depth += 1;
      else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (depth > 0) continue;
        const part = chunk.subarray(start, i + 1);
        yield held.length === 0 ? part : Buffer.concat([...held, part]);
        [held, heldBytes] = [[], 0];
      }
    }
    position += chunk.length;
    if (depth === 0) continue;
    const rest = chunk.subarray(start);
    heldBytes += rest.length;
    if (heldBytes > mostBytes)
      throw new BrokenTrail('wrong_format', `an object has more than ${mostBytes} bytes`);
    held.push(rest);
  }
  if (depth > 0 || arrays > 0) throw new BrokenTrail('cut', 'it ends half-way');
}

function isBetween(byte: number | undefined): boolean {
  return byte === blank || byte === lf || byte === cr || byte === tab || byte === comma;
}
