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
