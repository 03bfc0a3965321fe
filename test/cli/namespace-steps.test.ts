import { expect, test } from 'vitest';
import { namespaceSteps } from '../../cli/namespace-steps.ts';
import type { NamespaceFound } from '../../cli/namespace-steps.ts';
import { giveWayCommand, setupCommands } from '../../cli/setup-commands.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';

const { CountersignTarget: _target, ...others } = searchAttributes;

test.each<[string, NamespaceFound, unknown[]]>([
  ['everything there', { exists: true, attributes: { ...searchAttributes, Theirs: 'Int' } }, []],
  [
    'one missing',
    { exists: true, attributes: others },
    [{ kind: 'attribute', name: 'CountersignTarget', type: 'Keyword' }],
  ],
  [
    'one of another type',
    { exists: true, attributes: { ...others, CountersignTarget: 'Int' } },
    [{ kind: 'wrong_type', name: 'CountersignTarget', type: 'Keyword', found: 'Int' }],
  ],
  [
    'no namespace',
    { exists: false, attributes: {} },
    [
      { kind: 'namespace' },
      ...Object.entries(searchAttributes).map(([name, type]) => ({ kind: 'attribute', name, type })),
    ],
  ],
])('what is to be done: %s', (_name, found, steps) => {
  expect(namespaceSteps(found)).toEqual(steps);
});

test('commands for Temporal Cloud are those of its own command line, and none removes anything', () => {
  const place = { address: 'orders.a1b2c.tmprl.cloud:7233', namespace: 'orders.a1b2c', retentionDays: null };
  const steps = namespaceSteps({ exists: true, attributes: { CountersignDecision: 'Int' } });
  expect(setupCommands(steps, place)).toEqual([
    `tcld namespace search-attributes add --namespace 'orders.a1b2c' --search-attribute CountersignOperation=Keyword --search-attribute CountersignTarget=Keyword --search-attribute CountersignExecution=Keyword`,
  ]);
  expect(giveWayCommand('CountersignDecision', place)).toContain('tcld namespace search-attributes rename');
  const regional = { ...place, address: 'eu-west-1.aws.api.temporal.io:7233' };
  expect(setupCommands([{ kind: 'namespace' }], regional)).toEqual([
    expect.stringMatching(/^# .*Temporal Cloud/) as string,
  ]);
  const elsewhere = { ...place, address: 'tmprl.cloud.example:7233' };
  expect(setupCommands([{ kind: 'namespace' }], elsewhere)).toEqual([
    `temporal operator namespace create --address 'tmprl.cloud.example:7233' --namespace 'orders.a1b2c' --retention DAYSd`,
  ]);
});
