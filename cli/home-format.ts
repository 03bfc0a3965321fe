import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { CountersignError } from '../domain/error.ts';
import { makeOnce, textOf } from '../embedded/make-once.ts';

/** The form of what `countersign start` keeps in its home. Another number for each change that older data does not survive. */
const format = 4;
/** The data of a start; a home of keys alone, or of downloaded programs, has no form of its own. */
const data = ['postgres', 'temporal.db'];

/**
 * Refuses a home whose data has another form than this version's. A home without data gets the number, in its file `format`.
 *
 * @throws CountersignError `invalid_configuration`, before anything is written
 */
export async function assertHomeFormat(home: string): Promise<void> {
  const file = join(home, 'format');
  const isOlder = (await textOf(file)) === null && (await hasData(home));
  const found = isOlder ? '1' : (await makeOnce(file, () => `${format}\n`, 0o644)).trim();
  if (found === String(format)) return;
  throw new CountersignError(
    'invalid_configuration',
    `${home} has the data of another version (format ${found}, this version has ${format}): ` +
      'start the version that made it, or move the folder away and start again with a new one',
  );
}

async function hasData(home: string): Promise<boolean> {
  const there = await Promise.all(
    data.map((name) =>
      access(join(home, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return there.includes(true);
}
