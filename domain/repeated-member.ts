// A string without an end goes to the end of the text: otherwise every quote in it would be tried as the beginning of one.
const token = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|[{}[\]]/gs;
const colon = /[\t\n\r ]*:/y;

/**
 * The path of the first member that an object in a JSON text (RFC 8259) has twice, dotted, however its name is written;
 * null where there is none. Parsers disagree about which of the two counts, so such a text says two things. Of a text that
 * is no JSON nothing is said.
 */
export function repeatedMember(json: string): string | null {
  /** The open objects and arrays: the names so far, and the last of them; an array has none. */
  const open: { readonly names: Set<string> | null; member: string }[] = [];
  for (const { 0: text, index } of json.matchAll(token)) {
    if (text === '{' || text === '[') {
      open.push({ names: text === '{' ? new Set() : null, member: '' });
    } else if (text === '}' || text === ']') {
      open.pop();
    } else {
      colon.lastIndex = index + text.length;
      const object = open.at(-1);
      if (!object?.names || !colon.test(json)) continue;
      const name = nameOf(text);
      if (name === null) return null;
      object.member = name;
      if (object.names.has(name)) {
        return open.flatMap(({ member }) => (member === '' ? [] : [member])).join('.');
      }
      object.names.add(name);
    }
  }
  return null;
}

function nameOf(text: string): string | null {
  try {
    return JSON.parse(text) as string;
  } catch {
    return null;
  }
}
