import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { inputFields, inputOf, isFilledIn } from '../../../console/page/pages/new-change/input-fields.ts';
import { bundledOperations } from '../../../operations/bundled.ts';

const schema = z.toJSONSchema(
  z.strictObject({
    name: z.string().max(20).meta({ description: 'Which one.' }),
    kind: z.enum(['a', 'b']),
    count: z.int(),
    share: z.number().optional(),
    force: z.boolean(),
    hosts: z.array(z.string()),
    rest: z.object({ deep: z.string() }).optional(),
    mode: z.string().default('soft'),
  }),
  { io: 'input' },
) as Record<string, unknown>;
const fields = inputFields(schema);

test('a form has a field for each member of an input, whatever operation it is of', () => {
  expect(fields.map(({ name, kind, isRequired }) => [name, kind, isRequired])).toEqual([
    ['name', 'text', true],
    ['kind', 'choice', true],
    ['count', 'whole', true],
    ['share', 'number', false],
    ['force', 'tick', true],
    ['hosts', 'list', true],
    ['rest', 'json', false],
    ['mode', 'text', false],
  ]);
  expect(fields[0]).toMatchObject({ description: 'Which one.', maxLength: 20 });
  expect(fields[7]).toMatchObject({ initial: 'soft' });
});

test.each(bundledOperations.map((operation) => [operation.name, operation] as const))(
  '%s can be asked for with it',
  (_name, operation) => {
    const own = inputFields(operation.inputSchema);
    expect(own.length).toBeGreaterThan(0);
    expect(own.every(({ kind }) => kind === 'text')).toBe(true);
    const written = Object.fromEntries(
      own.map(({ name }) => [name, name === 'regionId' ? 'cn-hangzhou' : 'x']),
    );
    expect(isFilledIn(own, written)).toBe(true);
    expect(operation.input.safeParse(inputOf(own, written)).success).toBe(true);
  },
);

describe('what is written becomes a value of its kind', () => {
  test('each', () => {
    const written = {
      name: 'x',
      kind: 'b',
      count: '3',
      share: '0.5',
      force: 'true',
      hosts: ' a \n\nb',
      rest: '{"deep":"1"}',
    };
    expect(inputOf(fields, written)).toEqual({
      name: 'x',
      kind: 'b',
      count: 3,
      share: 0.5,
      force: true,
      hosts: ['a', 'b'],
      rest: { deep: '1' },
      mode: 'soft',
    });
  });

  test('nothing that cannot be read is made up or lost: the API says what is wrong with it', () => {
    expect(inputOf(fields, { count: 'three', rest: '{' })).toMatchObject({
      name: '',
      count: 'three',
      force: false,
      rest: '{',
    });
    expect(inputOf(fields, {})).not.toHaveProperty('share');
    expect(isFilledIn(fields, { name: 'x' })).toBe(false);
  });
});
