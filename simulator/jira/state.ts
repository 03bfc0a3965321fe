import { workflows } from './workflow.ts';
import type { Status, Workflow, WorkflowName } from './workflow.ts';

/** Rights that an account may have in a project. */
export const permissions = [
  'BROWSE_PROJECTS',
  'CREATE_ISSUES',
  'EDIT_ISSUES',
  'TRANSITION_ISSUES',
  'ADD_COMMENTS',
  'LINK_ISSUES',
] as const;
export type Permission = (typeof permissions)[number];

/** An account. In a data center its key and its name are the account id. */
export interface JiraUser {
  readonly accountId: string;
  readonly displayName: string;
  readonly email: string;
  /** An API token (cloud, with the e-mail) or a personal access token (data center). */
  readonly token: string;
  /** Default: all. */
  readonly rights?: readonly Permission[];
  /** Keys of the projects that it sees; default: all. */
  readonly projects?: readonly string[];
}

export interface JiraProject {
  readonly key: string;
  readonly name: string;
  readonly workflow: WorkflowName;
  readonly types: readonly string[];
}

/** A field beside those that every issue has. */
export interface CustomField {
  readonly id: string;
  readonly name: string;
}

export interface Property {
  readonly key: string;
  readonly value: unknown;
}

export interface IssueComment {
  readonly id: string;
  readonly author: string;
  readonly text: string;
  readonly created: number;
  readonly properties: readonly Property[];
}

export interface RemoteLink {
  readonly id: number;
  readonly globalId: string;
  readonly object: unknown;
}

/** One change of an issue. */
export interface History {
  readonly id: string;
  readonly author: string;
  readonly created: number;
  readonly items: readonly { readonly field: string; readonly from: string; readonly to: string }[];
}

/** An approval of Jira Service Management. */
export interface Approval {
  readonly id: string;
  readonly name: string;
  readonly finalDecision: 'approved' | 'declined' | 'pending';
}

export interface Issue {
  id: string;
  key: string;
  project: string;
  type: string;
  summary: string;
  description: string;
  labels: string[];
  status: string;
  resolution: string | null;
  creator: string;
  /** By field id. */
  custom: Record<string, unknown>;
  properties: Property[];
  comments: IssueComment[];
  remoteLinks: RemoteLink[];
  histories: History[];
  approvals: Approval[];
  /** Milliseconds since the epoch. */
  created: number;
  updated: number;
}

/** What can be set while it runs. */
export interface JiraControls {
  /** How long a search does not see what was written, ms. */
  searchLagMs: number;
  /** Calls in any second; more are answered 429. Null: no limit. */
  callsPerSecond: number | null;
  webhook: {
    readonly url: string;
    readonly secret: string;
    /** What becomes of the events from now on. `reordered`: each second one comes before the first. */
    readonly mode?: 'once' | 'lost' | 'twice' | 'reordered';
    /** Wait before a delivery is repeated, ms; default 5 min. */
    readonly retryMs?: number;
  } | null;
}

/** What a local Jira holds. */
export interface JiraState {
  readonly deployment: 'cloud' | 'data_center';
  users: JiraUser[];
  projects: JiraProject[];
  fields: CustomField[];
  /** By id, in the order in which they were made. */
  readonly issues: Map<string, Issue>;
  /** What the search sees of each issue, the newest last. */
  readonly indexed: Map<string, { readonly at: number; readonly issue: Issue }[]>;
  readonly controls: JiraControls;
  /** The last id given to anything. */
  lastId: number;
}

const versionsKept = 50;

export function newId(state: JiraState): string {
  state.lastId += 1;
  return String(state.lastId);
}

/** An issue by id or key. */
export function issueOf(state: JiraState, idOrKey: string): Issue | undefined {
  return state.issues.get(idOrKey) ?? [...state.issues.values()].find(({ key }) => key === idOrKey);
}

/** Keeps an issue as it is now, for a search to see it later. */
export function keep(state: JiraState, issue: Issue, at: number = Date.now()): void {
  issue.updated = at;
  state.issues.set(issue.id, issue);
  const versions = state.indexed.get(issue.id) ?? [];
  state.indexed.set(issue.id, [...versions, { at, issue: structuredClone(issue) }].slice(-versionsKept));
}

/** The issues as a search sees them now. */
export function searchable({ indexed, controls }: JiraState): Issue[] {
  const until = Date.now() - controls.searchLagMs;
  return [...indexed.values()].flatMap((versions) => {
    const seen = versions.findLast(({ at }) => at <= until);
    return seen === undefined ? [] : [seen.issue];
  });
}

export function workflowOf(state: JiraState, project: string): Workflow {
  return workflows[state.projects.find(({ key }) => key === project)?.workflow ?? 'simple'];
}

export function statusOf(state: JiraState, { project, status }: Pick<Issue, 'project' | 'status'>): Status {
  const { statuses } = workflowOf(state, project);
  return statuses.find(({ name }) => name === status) ?? statuses[0];
}

/** Whether an account has a right in a project. */
export function has({ rights, projects }: JiraUser, right: Permission, project: string): boolean {
  return (rights === undefined || rights.includes(right)) && (projects?.includes(project) ?? true);
}
