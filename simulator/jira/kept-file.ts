import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { CustomField, Issue, JiraProject, JiraState } from './state.ts';

/** What a file keeps of a local Jira: no logins, which whoever starts it gives. */
interface Kept {
  readonly lastId: number;
  readonly projects: JiraProject[];
  readonly fields: CustomField[];
  readonly issues: Issue[];
}

/** Takes up what a file has kept; nothing where there is no such file yet. @throws SyntaxError for a file that is no JSON */
export function takeUp(state: JiraState, file: string): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return;
    throw error;
  }
  const { lastId, projects, fields, issues } = JSON.parse(text) as Kept;
  Object.assign(state, { lastId, projects, fields });
  for (const issue of issues) {
    state.issues.set(issue.id, issue);
    state.indexed.set(issue.id, [{ at: issue.updated, issue: structuredClone(issue) }]);
  }
}

/** Keeps it in the file, whole or not at all, however it is killed. */
export function keepIn(file: string, { lastId, projects, fields, issues }: JiraState): void {
  const kept: Kept = { lastId, projects, fields, issues: [...issues.values()] };
  const next = `${file}.next`;
  writeFileSync(next, JSON.stringify(kept));
  renameSync(next, file);
}
