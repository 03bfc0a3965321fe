/** Milliseconds of many runs, in short. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly mean: number;
}

/** A stretch of runs. */
export interface Stretch {
  readonly seconds: number;
  readonly latencies: readonly number[];
}

/** Runs work, so many at once, until the items are used up or the time is; running ones are waited for. */
export async function stretch<T>(
  items: T[],
  atOnce: number,
  seconds: number,
  work: (item: T) => Promise<unknown>,
): Promise<Stretch> {
  const began = performance.now();
  const latencies: number[] = [];
  const lane = async (): Promise<void> => {
    while (performance.now() - began < seconds * 1000) {
      const item = items.pop();
      if (item === undefined) return;
      const from = performance.now();
      await work(item);
      latencies.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return { seconds: (performance.now() - began) / 1000, latencies };
}

/** The pth percentile by nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? NaN;
}

export function latency(values: readonly number[]): Latency {
  return {
    count: values.length,
    p50: rounded(percentile(values, 50)),
    p99: rounded(percentile(values, 99)),
    mean: rounded(values.reduce((sum, value) => sum + value, 0) / values.length),
  };
}

/** Runs a second over stretches. */
export function perSecond(stretches: readonly Stretch[]): number {
  const runs = stretches.reduce((sum, s) => sum + s.latencies.length, 0);
  return rounded(runs / stretches.reduce((sum, s) => sum + s.seconds, 0), 2);
}

export function rounded(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
