export { change } from './change.ts';
export { notice } from './notice.ts';
export { review } from './review.ts';
