import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CountersignError } from '../domain/error.ts';
import { decodeUtf8, notUtf8 } from '../domain/utf8.ts';

/**
 * The text of a file that a person has written.
 *
 * @param what - what it is for, such as a variable's name; for the message
 * @throws CountersignError `invalid_configuration` naming the file and, where it is not UTF-8, the byte
 */
export async function readTextFile(file: string, what: string): Promise<string> {
  return (await readHashedFile(file, what)).text;
}

/** The same, with the SHA-256 of the file's bytes, hex. */
export async function readHashedFile(
  file: string,
  what: string,
): Promise<{ readonly text: string; readonly sha256: string }> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CountersignError('invalid_configuration', `${what}: ${file} cannot be read`, { cause });
  });
  const decoded = decodeUtf8(bytes);
  if (decoded.text !== null) {
    return { text: decoded.text, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  throw new CountersignError(
    'invalid_configuration',
    `${what}: ${file}:${decoded.line} ${notUtf8(decoded)}`,
    { errors: [{ field: `${file}:${decoded.line}`, rule: 'utf8', message: notUtf8(decoded) }] },
  );
}
