import { Command } from 'commander';
import { expect, test } from 'vitest';
import { asInput, inputOf } from '../../cli/operation-input.ts';
import type { InputOptions } from '../../cli/operation-input.ts';

/** The input that a command reads, or the code of its refusal. */
function read(...args: string[]): unknown {
  const command = asInput(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  try {
    return inputOf(command.parse(args, { from: 'user' }).opts<InputOptions>());
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

test.each<[string[], object]>([
  [[], {}],
  [['--input', 'a=1', '--input', 'b=x=y', '--input', 'c='], { a: '1', b: 'x=y', c: '' }],
  [['--input', '{"a":1,"b":{"c":true}}'], { a: 1, b: { c: true } }],
  [['--input', '{"a":1}', '--input', 'b=2'], { a: 1, b: '2' }],
  [['--instance', 'i', '--sn', '1'], { regionId: 'cn-hangzhou', mqttInstanceId: 'i', sn: '1' }],
  [['--region', 'cn-beijing', '--input', 'sn=1'], { regionId: 'cn-beijing', sn: '1' }],
  [['--input', 'regionId=cn-beijing', '--sn', '1'], { regionId: 'cn-beijing', sn: '1' }],
])('%j is the input %j', (args, expected) => {
  expect(read(...args)).toEqual(expected);
});

test.each([
  [['--input', 'a']],
  [['--input', '=1']],
  [['--input', 'a=1', '--input', 'a=1']],
  [['--input', 'a=1', '--input', '{"a":1}']],
  [['--input', '{"a":1,"a":2}']],
  [['--input', '{"a":1']],
  [['--input', 'sn=1', '--sn', '1']],
  [['--input', 'regionId=a', '--region', 'b']],
])('%j is refused', (args) => {
  expect(read(...args)).toBe('commander.invalidArgument');
});
