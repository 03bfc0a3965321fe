/** How the activities on Postgres alone are repeated: until they come through. */
export const recordOptions = {
  // Also how long a repeat waits for a worker that was lost.
  startToCloseTimeout: '15 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
} as const;
