import { CountersignError } from '../domain/error.ts';
import { readTextFile } from './text-file.ts';

/**
 * The secret that a file holds: one line, without what ends it.
 *
 * @throws CountersignError `invalid_configuration` naming the file, and nothing of what is in it
 */
export async function readSecret(file: string): Promise<string> {
  const secret = (await readTextFile(file, 'a secret’s file')).trim();
  if (secret !== '' && !/\p{Cc}/u.test(secret)) return secret;
  const message = 'must hold a secret on one line';
  throw new CountersignError('invalid_configuration', `${file} ${message}`, {
    errors: [{ field: file, rule: 'format', message }],
  });
}
