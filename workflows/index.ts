export { change } from './change.ts';
export { driver } from './driver.ts';
export { follow } from './follow.ts';
export { gate as requireApproval } from './gate.ts';
export { review } from './review.ts';
