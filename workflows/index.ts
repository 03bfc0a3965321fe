export { change } from './change.ts';
export { follow } from './follow.ts';
export { review } from './review.ts';
