import { expect, test } from 'vitest';
import { compareText, gather } from '../../audit/gather.ts';
import { CountersignError } from '../../domain/error.ts';

/** A sender that is answered by hand. */
function sender() {
  const sent: { readonly keys: string[]; readonly done: PromiseWithResolvers<null> }[] = [];
  const append = gather(
    async (keys: readonly string[]) => {
      const done = Promise.withResolvers<null>();
      sent.push({ keys: [...keys], done });
      await done.promise;
      return keys.map((key) => ({ created: key !== 'known' }));
    },
    { order: compareText },
  );
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { sent, append, settled };
}

test('what comes while a statement is on its way goes with the next, by key, each with its own answer', async () => {
  const { sent, append, settled } = sender();
  const first = append('first');
  await settled();
  const rest = ['z', 'known', 'a'].map((key) => append(key));
  await settled();
  expect(sent.map(({ keys }) => keys)).toEqual([['first']]);
  sent[0]?.done.resolve(null);
  expect(await first).toEqual({ created: true });
  await settled();
  expect(sent[1]?.keys).toEqual(['a', 'known', 'z']);
  sent[1]?.done.resolve(null);
  expect(await Promise.all(rest)).toEqual([{ created: true }, { created: false }, { created: true }]);
  const last = append('last');
  await settled();
  sent[2]?.done.resolve(null);
  expect(await last).toEqual({ created: true });
});

test('a statement has at most 32 entries', async () => {
  const { sent, append, settled } = sender();
  const all = Array.from({ length: 70 }, (_, n) => append(String(n)));
  for (let n = 0; n < 3; n += 1) {
    await settled();
    sent[n]?.done.resolve(null);
  }
  await Promise.all(all);
  expect(sent.map(({ keys }) => keys.length)).toEqual([32, 32, 6]);
});

test('where the log cannot be reached none is sent again, and whoever waits is told at once', async () => {
  const { sent, append, settled } = sender();
  const all = ['a', 'b'].map((key) => append(key));
  await settled();
  all.push(...Array.from({ length: 100 }, (_, n) => append(String(n))));
  sent[0]?.done.reject(new CountersignError('log_unavailable', 'gone'));
  for (const one of all) await expect(one).rejects.toMatchObject({ code: 'log_unavailable' });
  expect(sent).toHaveLength(1);
});

test.each(['55P03', '40P01', '40001'])(
  'where another transaction was in the way of one (%s), the others are appended',
  async (code) => {
    const { sent, append, settled } = sender();
    const inTheWay = () =>
      new CountersignError('log_unavailable', 'in the way', { cause: Object.assign(new Error(), { code }) });
    const all = ['a', 'held', 'z'].map((key) => append(key));
    const answers = Promise.allSettled(all);
    await settled();
    sent[0]?.done.reject(inTheWay());
    for (const n of [1, 2, 3]) {
      await settled();
      if (sent[n]?.keys[0] === 'held') sent[n].done.reject(inTheWay());
      else sent[n]?.done.resolve(null);
    }
    expect((await answers).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(sent.map(({ keys }) => keys.length)).toEqual([3, 1, 1, 1]);
  },
);
