import type { APIResponse, Page, Route } from 'playwright-core';
import type { ChangeView } from '../../../api/change-view.ts';
import { changeThat, instance } from '../../support/service.ts';
import { inMs, post } from '../../support/steps.ts';
import type { PageTestbed } from './testbed.ts';

/** A change of alice's that waits for approval. */
export async function waitingIn(
  bed: PageTestbed,
  extra: object = {},
  certificate: object = {},
): Promise<ChangeView> {
  const { mqttInstanceId = instance } = certificate as { mqttInstanceId?: string };
  const sn = await bed.testbed.certificate(certificate);
  const input = { regionId: 'cn-hangzhou', mqttInstanceId, sn };
  const { id } = await post(bed.users.alice, sn, undefined, { input, ...extra });
  return changeThat(bed.users.alice, id, (change) => change.digest !== null);
}

/** Of a change whose call does not begin while a test looks at it. */
export const later = () => ({ executeAfter: inMs(3_600_000), executeBy: inMs(7_200_000) });

export const at = ({ id }: { id: string }) => `/changes/${id}`;
/** What a change's page offers to do. */
export const action = (page: Page, name: string) =>
  page.locator('#actions').getByRole('button', { name, exact: true });
export const dialog = (page: Page) => page.getByRole('dialog');
export const confirm = (page: Page, name: string) => dialog(page).getByRole('button', { name, exact: true });
/** What stands where the digest is the one that the browser has made itself. */
export const same = 'Your browser has made the same digest of what is shown here.';

/** What the console answers to a request that the test holds: it is still the page's own. */
export function passedOn(route: Route): Promise<APIResponse> {
  return route.fetch({ headers: { ...route.request().headers(), 'sec-fetch-site': 'same-origin' } });
}
