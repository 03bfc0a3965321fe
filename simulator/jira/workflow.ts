/** A status of a workflow, with the category that every Jira has. */
export interface Status {
  readonly id: string;
  readonly name: string;
  readonly category: 'new' | 'indeterminate' | 'done';
}

/** A step between two statuses. */
export interface Transition {
  readonly id: string;
  readonly name: string;
  /** Names of statuses; null: from any. */
  readonly from: readonly string[] | null;
  /** The name of a status. */
  readonly to: string;
  /** Whether its screen asks for a resolution. */
  readonly resolution?: 'optional' | 'required';
}

/** The statuses of an issue and the steps between them; the first status is where an issue begins. */
export interface Workflow {
  readonly statuses: readonly [Status, ...Status[]];
  readonly transitions: readonly Transition[];
}

/** What a resolution may be. */
export const resolutions = ['Done', "Won't Do", 'Duplicate'];

const open: Status = { id: '1', name: 'Open', category: 'new' };
const inProgress: Status = { id: '3', name: 'In Progress', category: 'indeterminate' };
const inReview: Status = { id: '4', name: 'In Review', category: 'indeterminate' };
const onHold: Status = { id: '5', name: 'On Hold', category: 'indeterminate' };
const done: Status = { id: '6', name: 'Done', category: 'done' };
const cancelled: Status = { id: '7', name: 'Cancelled', category: 'done' };
const toDo: Status = { id: '8', name: 'To Do', category: 'new' };

/** The workflows that a project may have. Ids of their steps differ, as they do in a real Jira. */
export const workflows = {
  /** As a team-managed project begins: three statuses, from each to each, and no resolution on any screen. */
  simple: {
    statuses: [toDo, inProgress, done],
    transitions: [
      { id: '11', name: 'To Do', from: null, to: 'To Do' },
      { id: '21', name: 'In Progress', from: null, to: 'In Progress' },
      { id: '31', name: 'Done', from: null, to: 'Done' },
    ],
  },
  /** One step at a time; what ends an issue asks for a resolution. */
  change: {
    statuses: [open, inProgress, onHold, done, cancelled],
    transitions: [
      { id: '5', name: 'Start', from: ['Open'], to: 'In Progress' },
      { id: '6', name: 'Hold', from: ['In Progress'], to: 'On Hold' },
      { id: '7', name: 'Go on', from: ['On Hold'], to: 'In Progress' },
      { id: '8', name: 'Back', from: ['In Progress'], to: 'Open' },
      { id: '9', name: 'Finish', from: ['In Progress'], to: 'Done', resolution: 'required' },
      {
        id: '10',
        name: 'Cancel',
        from: ['Open', 'In Progress', 'On Hold'],
        to: 'Cancelled',
        resolution: 'required',
      },
      { id: '12', name: 'Reopen', from: ['Done', 'Cancelled'], to: 'Open' },
    ],
  },
  /** Done only after a review. */
  reviewed: {
    statuses: [open, inProgress, inReview, done],
    transitions: [
      { id: '101', name: 'Start', from: ['Open'], to: 'In Progress' },
      { id: '102', name: 'Send back', from: ['In Review'], to: 'In Progress' },
      { id: '103', name: 'Review', from: ['In Progress'], to: 'In Review' },
      { id: '104', name: 'Finish', from: ['In Review'], to: 'Done', resolution: 'optional' },
    ],
  },
} as const satisfies Readonly<Record<string, Workflow>>;
/** The name of one of {@link workflows}. */
export type WorkflowName = keyof typeof workflows;
