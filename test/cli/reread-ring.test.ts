import { expect, test } from 'vitest';
import { rereadRing } from '../../cli/reread-ring.ts';
import { newPayloadKey } from '../../codec/key-ring.ts';
import type { PayloadKey } from '../../codec/key-ring.ts';

const [first, late, hungUp] = [newPayloadKey('current'), newPayloadKey('old'), newPayloadKey('old')];

/** A ring whose readings end when the test says so. */
function slowRing() {
  let onHangup: readonly PayloadKey[] = [first];
  const readings: PromiseWithResolvers<readonly PayloadKey[]>[] = [];
  const failures: unknown[] = [];
  const read = () => {
    const reading = Promise.withResolvers<readonly PayloadKey[]>();
    readings.push(reading);
    return reading.promise;
  };
  return {
    ring: rereadRing(
      () => onHangup,
      read,
      (error) => void failures.push(error),
    ),
    readings,
    failures,
    hangUp: (keys: readonly PayloadKey[]) => {
      onHangup = keys;
    },
    began: (count: number) => expect.poll(() => readings.length).toBe(count),
  };
}

test('a key that has just arrived is found by every payload that needs it', async () => {
  const { ring, readings, began } = slowRing();
  const all = [ring.find(late.id), ring.find(late.id)];
  await began(1);
  all.push(ring.find(late.id));
  readings[0]?.resolve([first, late]);
  expect(await Promise.all(all)).toEqual([late, late, late]);
  expect(readings).toHaveLength(1);
});

test('a look that ends after the reading of a SIGHUP does not put older keys back', async () => {
  const { ring, readings, began, hangUp } = slowRing();
  const finding = ring.find(hungUp.id);
  await began(1);
  hangUp([first, hungUp]);
  readings[0]?.resolve([first]);
  // What began before the SIGHUP is not believed: it is read once more.
  await began(2);
  expect(await ring.find(hungUp.id)).toEqual(hungUp);
  readings[1]?.resolve([first, hungUp, late]);
  expect(await finding).toEqual(hungUp);
  expect(await ring.find(late.id)).toEqual(late);
});

test('a reading that fails leaves the keys of before, also to those who waited', async () => {
  const { ring, readings, failures, began } = slowRing();
  const all = [ring.find(late.id), ring.find(late.id)];
  await began(1);
  readings[0]?.reject(new Error('half a line'));
  expect(await Promise.all(all)).toEqual([null, null]);
  expect(failures).toHaveLength(1);
  expect(ring.current()).toEqual(first);
});
