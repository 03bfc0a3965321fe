import fc from 'fast-check';
import { expect, test } from 'vitest';
import { repeatedMember } from '../../domain/repeated-member.ts';

test.each([
  ['{"a":1,"b":2}', null],
  ['{"a":1,"a":2}', 'a'],
  ['{"decision":"reject","decis\\u0069on":"approve"}', 'decision'],
  ['{"a":{"b":1},"c":{"b":2}}', null],
  ['{"input":{"sn":"1","sn":"1"}}', 'input.sn'],
  ['[{"a":1},{"a":2}]', null],
  ['[{"a":1},{"a":2,"a":3}]', 'a'],
  ['{"x":[{"a":{"b":1,"c":2,"b":3}}]}', 'x.a.b'],
  ['{"a":["a","a"],"b":"a"}', null],
  ['{"a":"\\"a\\":1","b":"}{"}', null],
  ['{ "a" :1 ,\n\t"a"\r\n: 2}', 'a'],
  ['{"":1,"":2}', ''],
  ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ['{"a":1,"a', null],
  ['{"\\x":1,"\\x":1}', null],
  ['"a"', null],
  ['', null],
])('%s: %j', (json, path) => {
  expect(repeatedMember(json)).toBe(path);
});

test('no value that was written as JSON has one, and a member put beside itself is found', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, name) => {
      expect(repeatedMember(JSON.stringify(value))).toBeNull();
      const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
      expect(repeatedMember(`[{${member},"x ${member.length}":0,${member}}]`)).toBe(name);
    }),
  );
});

test('a text of half a million brackets is read in no time', () => {
  const began = performance.now();
  expect(repeatedMember('[{"a":'.repeat(100_000))).toBeNull();
  expect(repeatedMember(`{"${'\\\\'.repeat(500_000)}`)).toBeNull();
  // Strings without an end.
  expect(repeatedMember(`"${'\\"'.repeat(500_000)}`)).toBeNull();
  expect(repeatedMember(`"${'\\"'.repeat(500_000)}\\`)).toBeNull();
  expect(performance.now() - began).toBeLessThan(5000);
});
