import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { JsonObject } from '../domain/json.ts';
import { repeatedMember } from '../domain/repeated-member.ts';
import { namedValue } from './named-value.ts';

/** The options that {@link asInput} adds. */
export interface InputOptions {
  readonly input?: JsonObject;
  readonly region?: string;
  readonly instance?: string;
  readonly sn?: string;
}

/** Adds the options by which a command takes an operation's input. */
export function asInput(command: Command): Command {
  return command
    .option(
      '--input <name=value>',
      "a member of the operation's input, as often as needed; or all of it as JSON",
      inputMember,
    )
    .option('--region <id>', 'short for --input regionId=<id>; cn-hangzhou beside --instance and --sn')
    .option('--instance <id>', 'short for --input mqttInstanceId=<id>')
    .option('--sn <sn>', 'short for --input sn=<sn>');
}

/** The input that the options give. @throws InvalidArgumentError for a member that is given in both forms */
export function inputOf({ input = {}, region, instance, sn }: InputOptions): JsonObject {
  const isShort = instance !== undefined || sn !== undefined;
  const regionId = region ?? (isShort && input.regionId === undefined ? 'cn-hangzhou' : undefined);
  const short = Object.entries({ regionId, mqttInstanceId: instance, sn }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const twice = short.find(([name]) => Object.hasOwn(input, name));
  if (twice) throw new InvalidArgumentError(`--input has ${twice[0]}, and its short form is given, too`);
  return { ...input, ...Object.fromEntries(short) };
}

function inputMember(text: string, all: JsonObject = {}): JsonObject {
  const more = text.startsWith('{') ? objectIn(text) : namedValue(text);
  const twice = Object.keys(more).find((name) => Object.hasOwn(all, name));
  if (twice !== undefined) throw new InvalidArgumentError(`${twice} is given twice`);
  return { ...all, ...more };
}

function objectIn(text: string): JsonObject {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError(`expected JSON, got ${text}`);
  }
  const twice = repeatedMember(text);
  if (twice !== null) throw new InvalidArgumentError(`${twice} is given twice`);
  return json as JsonObject;
}
