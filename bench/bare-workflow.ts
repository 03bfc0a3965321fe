import { condition, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';
import type { BareActivities } from './bare-activities.ts';

/** The one update of a bare workflow. */
export const goUpdate = defineUpdate('go');

const { first, second, call, last } = proxyActivities<BareActivities>({
  startToCloseTimeout: '30 seconds',
});

/** What Temporal alone costs: a start, an update and four ordinary activities, one of them a vendor call. */
export async function bare(input: { readonly id: string; readonly sn: string }): Promise<void> {
  let told = false;
  setHandler(goUpdate, () => {
    told = true;
  });
  await first(input);
  await condition(() => told);
  await second(input);
  await call(input);
  await last(input);
}
