import { describe, expect, test } from 'vitest';
import type { TicketPhase } from '../../../domain/ticket-read.ts';
import { resolutions, workflows } from '../../../simulator/jira/workflow.ts';
import type { Status, Workflow, WorkflowName } from '../../../simulator/jira/workflow.ts';
import { phaseOfStatus } from '../../../tickets/jira/issue.ts';
import { jiraSettings } from '../../../tickets/jira/settings.ts';
import { stepTo } from '../../../tickets/jira/step.ts';

const settings = jiraSettings.parse({
  kind: 'jira',
  url: 'https://jira.example',
  read: { secretFile: 'x' },
  via: ['In Review'],
});
const statusOf = ({ id, name, category }: Status) => ({ id, name, statusCategory: { key: category } });

/** The transitions of a workflow in a status, as Jira lists them. */
function listed({ statuses, transitions }: Workflow, at: string) {
  return transitions
    .filter(({ from }) => from === null || from.includes(at))
    .map(({ id, to, resolution }) => ({
      id,
      to: statusOf(statuses.find(({ name }) => name === to) ?? statuses[0]),
      fields:
        resolution === undefined
          ? {}
          : {
              resolution: {
                required: resolution === 'required',
                allowedValues: resolutions.map((name) => ({ name })),
              },
            },
    }));
}

/** Walks until it is there or stuck; the phase at the end. */
function walk(workflow: Workflow, from: Status, wanted: TicketPhase): string {
  let at = { status: from, resolution: null as string | null };
  for (let steps = 0; steps < 6; steps++) {
    const open = listed(workflow, at.status.name);
    const seen = { status: statusOf(at.status), resolution: at.resolution };
    const step = stepTo(wanted, seen, open, true, settings);
    if (step === 'stuck') return step;
    if (step === 'there') return phaseOfStatus(seen.status, at.resolution, settings);
    const to = workflow.transitions.find(({ id }) => id === step.id)?.to;
    at = {
      status: workflow.statuses.find(({ name }) => name === to) ?? workflow.statuses[0],
      resolution: step.resolution,
    };
  }
  return 'endless';
}

const phases: readonly TicketPhase[] = ['new', 'in_progress', 'done', 'cancelled'];
const cases = (Object.keys(workflows) as WorkflowName[]).flatMap((name) =>
  workflows[name].statuses.flatMap((from) => phases.map((wanted) => ({ name, from, wanted }))),
);

test.each(cases)('$name: from $from.name to $wanted', ({ name, from, wanted }) => {
  const found = walk(workflows[name], from, wanted);
  // Nobody takes a hold away to go back.
  const isHeld = from.name === 'On Hold' && wanted === 'new';
  // One way only: there is no way back in it.
  const isBack =
    name === 'reviewed' && (wanted === 'new' || (wanted === 'in_progress' && from.name === 'Done'));
  const isThere = from.category === 'new' && wanted === 'new';
  // What is done stays done, and a workflow that knows no cancelled status ends there.
  const endsDone = wanted === 'cancelled' && (name === 'simple' || from.name === 'Done');
  const end = endsDone ? 'done' : wanted;
  expect(found).toBe(isHeld || (isBack && !isThere) ? 'stuck' : end);
});

describe('screens', () => {
  const at = { status: statusOf(workflows.simple.statuses[1]), resolution: null };
  const done = statusOf(workflows.simple.statuses[2]);
  const allowedValues = [{ name: 'Fixed' }, { name: 'DONE' }, { name: "won't do" }];
  const withResolution = { id: '1', to: done, fields: { resolution: { required: true, allowedValues } } };

  test('the first name of the settings that the screen offers is set', () => {
    expect(stepTo('done', at, [withResolution], true, settings)).toEqual({ id: '1', resolution: 'DONE' });
    expect(stepTo('done', at, [withResolution], false, settings)).toEqual({ id: '1', resolution: 'DONE' });
    expect(stepTo('cancelled', at, [withResolution], false, settings)).toEqual({
      id: '1',
      resolution: "won't do",
    });
  });
  test('a screen that wants what nobody here knows is passed by', () => {
    const asking = { id: '2', to: done, fields: { customfield_1: { required: true } } };
    expect(stepTo('done', at, [asking], true, settings)).toBe('stuck');
    expect(stepTo('done', at, [asking, withResolution], true, settings)).toMatchObject({ id: '1' });
    const filled = {
      id: '3',
      to: done,
      fields: { customfield_1: { required: true, hasDefaultValue: true } },
    };
    expect(stepTo('done', at, [filled], true, settings)).toEqual({ id: '3', resolution: null });
  });
  test('a resolution that is required and of none of our names is not guessed', () => {
    const odd = {
      id: '4',
      to: done,
      fields: { resolution: { required: true, allowedValues: [{ name: 'Odd' }] } },
    };
    expect(stepTo('done', at, [odd], true, settings)).toBe('stuck');
  });
});
