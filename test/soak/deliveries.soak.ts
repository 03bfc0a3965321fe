import { expect, test } from 'vitest';
import { startHookServer } from '../tickets/webhook/hook-server.ts';
import type { Hook } from '../tickets/webhook/hook-server.ts';
import { hookSink, startOutboxTestbed, until } from '../tickets/outbox/outbox-testbed.ts';

const changes = Number(process.env.SOAK_CHANGES ?? 10_000);
const atOnce = 250;

const dataOf = ({ json }: Hook) => json['data'] as { index: number; change: { id: string } };

test(`the entries of ${changes} changes come once and in order beside a receiver that is dead and one that is slow`, async () => {
  const testbed = await startOutboxTestbed();
  const slowly = () => new Promise<number>((answer) => setTimeout(() => answer(200), 2000));
  const servers = await Promise.all([
    startHookServer(),
    startHookServer(),
    startHookServer(() => 500),
    startHookServer(slowly),
  ]);
  const [one, two, dead, slow] = servers;
  try {
    await testbed.subscribe({ name: 'one' }, { name: 'two' }, { name: 'dead' }, { name: 'slow' });
    testbed.deliver({
      one: hookSink(one.url),
      two: hookSink(two.url),
      dead: hookSink(dead.url),
      slow: hookSink(slow.url),
    });
    for (let asked = 0; asked < changes; asked += atOnce) {
      const some = await testbed.ask(atOnce);
      await testbed.add(some);
      const wanted = (asked + atOnce) * 2;
      await until(() => one.received.length === wanted && two.received.length === wanted);
    }
    for (const { received } of [one, two]) {
      expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(changes * 2);
      const last = new Map<string, number>();
      for (const hook of received) {
        const { index, change } = dataOf(hook);
        expect(index).toBeGreaterThan(last.get(change.id) ?? -1);
        last.set(change.id, index);
      }
    }
    // They were not waited for.
    expect(slow.received.length).toBeLessThan(changes);
    expect(dead.received.length).toBeLessThan(changes * 2);
  } finally {
    await testbed.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
});
