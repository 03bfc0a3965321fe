import { sleep } from '@temporalio/workflow';

/** The host after a change of its code that its open runs cannot follow. */
export async function offboard(): Promise<string> {
  await sleep('1 day');
  return 'done';
}
