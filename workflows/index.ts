export { change } from './change.ts';
export { review } from './review.ts';
