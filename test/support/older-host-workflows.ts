import { condition, defineSignal, setHandler } from '@temporalio/workflow';

/** As it was before its team gated a step, see ./host-workflows.ts. */
export async function changedToGate(): Promise<string> {
  let isOver = false;
  setHandler(defineSignal('end'), () => {
    isOver = true;
  });
  await condition(() => isOver);
  return 'not gated';
}
