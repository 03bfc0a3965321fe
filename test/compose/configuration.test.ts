import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { environmentSchema } from '../../cli/environment.ts';
import { faultPoints } from '../support/fault-points.ts';
import { root } from './compose-file.ts';

const page = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8');
const section = /## Countersign's own\n(.*?)\n## /s.exec(page)?.[1] ?? '';
const rows = new Map(
  [...section.matchAll(/^\| `([A-Z_]+)` *\|([^|]*)\|([^|]*)\|/gm)].map(
    ([, name = '', rule = '', by = '']) => [name, { rule: rule.trim(), default: by.trim() }],
  ),
);
const { properties = {} } = z.toJSONSchema(environmentSchema, { io: 'output', unrepresentable: 'any' });
const defaults = environmentSchema.parse({}) as Record<string, string | number | undefined>;

test('the page has every variable of the schema and no other', () => {
  expect([...rows.keys()].sort()).toEqual(Object.keys(environmentSchema.shape).sort());
});

test.each(Object.keys(environmentSchema.shape))('%s: default and rule are the schema’s', (name) => {
  const row = rows.get(name);
  const schema = environmentSchema.shape[name as keyof typeof environmentSchema.shape];
  const value = defaults[name];
  expect(row?.default).toBe(value === undefined ? 'none' : `\`${value}\``);

  const takes = (candidate: string) => schema.safeParse(candidate).success;
  const rule = row?.rule ?? '';
  const range = /^integer, (\d+) to (\d+)$/.exec(rule);
  const least = /^integer, at least (\d+)$/.exec(rule);
  const protocols = /^URL of /.test(rule) ? [...rule.matchAll(/`([a-z]+):`/g)].map(([, p]) => p) : null;
  if (range || least) {
    const [, min, max] = (range ?? least ?? []).map(Number);
    expect([takes(String(min)), takes(String(Number(min) - 1)), takes('1.5'), takes('x')]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    if (range) expect([takes(String(max)), takes(String(Number(max) + 1))]).toEqual([true, false]);
    else expect(takes('1000000')).toBe(true);
  } else if (protocols) {
    expect(protocols.length).toBeGreaterThan(0);
    for (const protocol of protocols) expect(takes(`${protocol ?? ''}://host.example/x`)).toBe(true);
    expect([takes('ftp://host.example/x'), takes('host.example')]).toEqual([false, false]);
  } else if (rule.startsWith('ARN of a role')) {
    expect(takes('acs:ram::1234567890123456:role/countersign-call')).toBe(true);
    for (const other of ['acs:ram::123:user/x', 'acs:ram:::role/x', 'acs:ram::123:role/', 'x'])
      expect(takes(other)).toBe(false);
  } else if (rule.startsWith('`<namespace>/<workflow type>`')) {
    expect([takes('default/moveLine'), takes('*/*, a/b'), takes('moveLine')]).toEqual([true, true, false]);
  } else if (rule.startsWith('region such as')) {
    expect(takes('cn-hangzhou')).toBe(true);
    for (const other of ['CN-Hangzhou', 'hangzhou', 'cn-*', 'cn-hangzhou/']) expect(takes(other)).toBe(false);
  } else if (rule.startsWith('name: ')) {
    expect([takes('payments-2'), takes('a'.repeat(63))]).toEqual([true, true]);
    for (const other of ['Payments', 'a--b', 'payments-onsmqtt', '2', 'a'.repeat(64)])
      expect(takes(other)).toBe(false);
  } else if (rule === 'not empty') {
    expect([takes('anything'), takes('')]).toEqual([true, false]);
  } else if (rule === 'any') {
    expect([takes('anything'), takes('')]).toEqual([true, true]);
  } else {
    const words = [...rule.matchAll(/`([a-z]+)`/g)].map(([, word]) => word);
    const { enum: known } = properties[name] as { enum?: string[] };
    expect(words).toEqual(known);
  }
});

test('the points at which a worker may die are those at which tests kill one', () => {
  const operations =
    readFileSync(join(root, 'docs', 'operations.md'), 'utf8').split('## Where a worker may die')[1] ?? '';
  const described = [...operations.matchAll(/^\| `([a-z.]+)`/gm)];
  expect(described.map(([, point]) => point)).toEqual([...faultPoints]);
});

test('every metric of ours is described', () => {
  const source = readFileSync(join(root, 'cli', 'metrics.ts'), 'utf8');
  const names = [...source.matchAll(/'(countersign_[a-z_]+)'/g)].map(([, name = '']) => name);
  const operations = readFileSync(join(root, 'docs', 'operations.md'), 'utf8');
  expect(names.length).toBeGreaterThan(1);
  for (const name of names) expect(operations).toContain(`\`${name}`);
});
