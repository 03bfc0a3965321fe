import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, test } from 'vitest';
import { changeThat, instance } from '../../support/service.ts';
import { post } from '../../support/steps.ts';
import { startPageTestbed } from './testbed.ts';
import type { PageTestbed } from './testbed.ts';

/** Where README.md has its pictures. */
const folder = join(import.meta.dirname, '..', '..', '..', 'docs', 'pictures');

let bed: PageTestbed;
beforeAll(async () => {
  bed = await startPageTestbed();
  await mkdir(folder, { recursive: true });
});
afterAll(() => bed.stop());

test.each(['light', 'dark'] as const)('the change page in %s colours', async (colorScheme) => {
  const sn = `0072690048870000${colorScheme === 'light' ? '41' : '42'}`;
  await bed.testbed.control('PUT', '/_sim/certificates', {
    mqttInstanceId: instance,
    sn,
    caName: 'factory-line-4',
    status: '0',
  });
  const { id } = await post(bed.users.alice, sn, undefined, {
    justification: 'Line 4 was moved to the new gateway; its devices must connect again.',
    ticket: { system: 'jira', id: 'OPS-4711' },
  });
  await changeThat(bed.users.alice, id, ({ digest }) => digest !== null);
  const page = await bed.as('bob', `/changes/${id}`, { colorScheme, viewport: { width: 900, height: 720 } });
  await page.getByText('Your browser has made the same digest').waitFor();
  await page.screenshot({ path: join(folder, `change-${colorScheme}.png`) });
});
