export { CountersignPlugin, workflowsPath } from './countersign-plugin.ts';
export type { CountersignPluginOptions } from './countersign-plugin.ts';
export { plainForChanges } from './plain-for-changes.ts';
export type { ActivityDependencies } from '../activities/dependencies.ts';
export type { Change, ChangeRequest } from '../domain/change.ts';
