import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../cli/environment.ts';
import { freezeCalendar } from '../../cli/freeze-calendar.ts';
import { operations } from '../support/operations.ts';
import { temporaryHome } from '../support/stack.ts';

async function calendarOf(operation: string, scope = '{}') {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const file = join(home, 'calendar.yaml');
  const times = 'startsAt: 2026-11-10T00:00:00Z, endsAt: 2026-11-12T00:00:00Z';
  await writeFile(
    file,
    `- { name: sale, reason: x, operation: "${operation}", scope: ${scope}, ${times} }\n`,
  );
  return freezeCalendar(readEnvironment({ COUNTERSIGN_FREEZE_CALENDAR: file }), operations);
}

test.each(['ActiveCaCertificate', 'Active*', '*'])('a freeze of %s is taken', async (operation) => {
  expect(await calendarOf(operation)).toMatchObject({
    freezes: [{ id: 'sale', operation }],
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
  });
});

test.each(['ActiveCACertificate', 'Delete*'])(
  'a freeze of %s would hold nothing: it ends the start, named',
  async (operation) => {
    await expect(calendarOf(operation)).rejects.toMatchObject({
      code: 'invalid_configuration',
      errors: [{ field: 'sale.operation' }],
    });
  },
);

test.each(['{ regionID: cn-a }', '{ sn: a, deviceSn: b }', '{ __proto__: a }'])(
  'a freeze of %s would hold nothing, or everything: it ends the start, named',
  async (scope) => {
    await expect(calendarOf('*', scope)).rejects.toMatchObject({ code: 'invalid_configuration' });
  },
);

test('a freeze of a member that targets have is taken', async () => {
  expect(await calendarOf('*', '{ regionId: cn-a }')).toMatchObject({
    freezes: [{ scope: { regionId: 'cn-a' } }],
  });
});
