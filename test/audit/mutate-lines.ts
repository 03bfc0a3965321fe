import type { Json } from '../../domain/json.ts';
import { oneOf } from './mutate-bytes.ts';
import type { Random } from './mutate-bytes.ts';

const values: readonly Json[] = [
  null,
  true,
  false,
  0,
  1,
  -1,
  '',
  'x',
  [],
  {},
  ['approver', 'admin'],
  2 ** 53 - 1,
];

interface Members {
  [name: string]: Json;
}

/** The objects and lists in a value, with those within them. */
function containersOf(value: Json): (Members | Json[])[] {
  if (value === null || typeof value !== 'object') return [];
  const inner = Object.values<Json>(value);
  return [value, ...inner.flatMap(containersOf)] as (Members | Json[])[];
}

/** A JSON text with one of its members changed, taken out or added, at whatever depth; written as it was. */
export function editedJson(text: string, random: Random, indent?: number): string {
  const value = JSON.parse(text) as Json;
  const container = oneOf<Members | Json[]>(containersOf(value), random) as Members;
  const name = oneOf([...Object.keys(container), 'note'], random);
  switch (random(3)) {
    case 0:
      if (Array.isArray(container)) container.splice(Number(name) || 0, 1);
      else Reflect.deleteProperty(container, name);
      break;
    case 1:
      if (Array.isArray(container)) container.push(oneOf(values, random));
      else container[name] = oneOf(values, random);
      break;
    default: {
      const other = oneOf(Object.keys(container), random);
      const [a, b] = [container[name], container[other]];
      if (a === undefined || b === undefined) container[name] = 'y';
      else [container[name], container[other]] = [b, a];
    }
  }
  return JSON.stringify(value, null, indent);
}

const edits: readonly ((lines: string[], at: number, random: Random) => string[])[] = [
  function dropLine(lines, at) {
    return lines.toSpliced(at, 1);
  },
  function repeatLine(lines, at) {
    return lines.toSpliced(at, 0, lines[at] ?? '');
  },
  function swapLines(lines, at, random) {
    const other = random(lines.length);
    return lines.with(at, lines[other] ?? '').with(other, lines[at] ?? '');
  },
  function moveLine(lines, at, random) {
    return lines.toSpliced(at, 1).toSpliced(random(lines.length), 0, lines[at] ?? '');
  },
  function cutLines(lines, at) {
    return lines.slice(0, at);
  },
  function changeNumber(lines, at, random) {
    const line = lines[at] ?? '';
    const found = [...line.matchAll(/\d{1,15}/g)];
    if (found.length === 0) return lines;
    const { 0: digits, index } = oneOf(found, random);
    const next = String(Number(digits) + oneOf([1, -1], random));
    return lines.with(at, `${line.slice(0, index)}${next}${line.slice(index + digits.length)}`);
  },
  function swapValues(lines, at, random) {
    const other = random(lines.length);
    const [one, two] = [lines[at] ?? '', lines[other] ?? ''];
    const value = /"(\w+)":("[^"]*"|\d+|null|true|false)/g;
    const mine = [...one.matchAll(value)];
    if (mine.length === 0) return lines;
    const { 0: own, 1: name } = oneOf(mine, random);
    const their = [...two.matchAll(value)].find((match) => match[1] === name && match[0] !== own);
    if (their === undefined) return lines;
    return lines.with(at, one.replace(own, their[0])).with(other, two.replace(their[0], own));
  },
  function editMember(lines, at, random) {
    try {
      return lines.with(at, editedJson(lines[at] ?? '', random));
    } catch {
      return lines;
    }
  },
];

/** A text of lines after one edit at random, and its name. A text that is no list of lines may stay as it is. */
export function mutateLines(text: string, random: Random): { readonly text: string; readonly what: string } {
  const lines = text.split('\n');
  const edit = oneOf(edits, random);
  // Behind the last line end stands nothing.
  const at = random(Math.max(1, lines.length - 1));
  return { text: edit(lines, at, random).join('\n'), what: `${edit.name} ${at}` };
}
