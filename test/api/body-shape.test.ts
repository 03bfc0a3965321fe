import { expect, test } from 'vitest';
import { beyondShape } from '../../api/body-shape.ts';

const shape = { depth: 3, values: 6 };

test.each([
  ['[[[]]]', null],
  ['[[[[]]]]', 'more than 3'],
  ['[{"a":[{', 'more than 3'],
  ['[[],[],[]]', 'more than 6'],
  ['[1,2,3,4,5]', null],
  ['[1,2,3,4,5,6]', 'more than 6'],
  ['["[[[[[[,,,,,,,"]', null],
  ['["\\"[[[[[[,,,,"]', null],
  ['["\\\\",[[[', 'more than 3'],
  ['{"a":"é","b":{}}', null],
  [']]]]]][[[[[[', 'more than 6'],
  ['', null],
])('%s: %s', (json, why) => {
  const found = beyondShape(Buffer.from(json), shape);
  if (why === null) expect(found).toBeNull();
  else expect(found).toContain(why);
});
