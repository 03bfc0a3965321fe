import { expect, test, vi } from 'vitest';
import { answerWithin } from '../../activities/answer-or.ts';

test('whoever works is told once nobody waits any more, and not before', async () => {
  vi.useFakeTimers();
  try {
    const waiting = new AbortController();
    expect(await answerWithin(waiting, 5000, Promise.resolve('ready'), () => 'late')).toBe('ready');
    // A call goes on with the signal that its preparation had.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(waiting.signal.aborted).toBe(false);
    const call = answerWithin(waiting, 150_000, new Promise<string>(() => {}), () => 'late');
    await vi.advanceTimersByTimeAsync(149_999);
    expect(waiting.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await call).toBe('late');
    expect(waiting.signal.aborted).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});
