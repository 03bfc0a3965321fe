import { expect, test } from 'vitest';
import { RememberedIds } from '../../audit/verify/remembered-ids.ts';

test('an id is of the owner who had it first, also among many', () => {
  const ids = new RememberedIds();
  const many = Array.from({ length: 20_000 }, (_, at) => `id-${at}`);
  expect(many.filter((id) => ids.isOfAnother(id, `owner of ${id}`))).toEqual([]);
  expect(many.filter((id) => ids.isOfAnother(id, `owner of ${id}`))).toEqual([]);
  expect(many.filter((id) => !ids.isOfAnother(id, 'somebody else'))).toEqual([]);
  expect(many.filter((id) => ids.isOfAnother(id, `owner of ${id}`))).toEqual([]);
});

test('an owner that is a UUID is told', () => {
  const ids = new RememberedIds();
  const [one, other] = ['0f9d8c7b-0000-8000-8000-00000000000a', 'ffffffff-ffff-4fff-bfff-ffffffffffff'];
  expect(ids.ownerOf('a')).toBeNull();
  expect([ids.isOfAnother('a', one), ids.isOfAnother('b', other)]).toEqual([false, false]);
  expect([ids.isOfAnother('a', other), ids.isOfAnother('b', one)]).toEqual([true, true]);
  expect([ids.ownerOf('a'), ids.ownerOf('b')]).toEqual([one, other]);
});
