import { proxyActivities } from '@temporalio/workflow';
import type { ReviewActivities } from '../activities/contract.ts';
import type { SignedRequest } from '../domain/change.ts';

const { signReview } = proxyActivities<ReviewActivities>({
  startToCloseTimeout: '15 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/**
 * Signs the review of a break-glass change that has ended. A workflow of its own: the change's has ended, and may long be
 * forgotten. Its id is `review-<change id>`, so a change is reviewed once.
 *
 * @throws ApplicationFailure whose type is a code of domain/review.ts, or `bad_signature`
 */
export async function review(request: SignedRequest): Promise<void> {
  await signReview({ request, now: Date.now() });
}
