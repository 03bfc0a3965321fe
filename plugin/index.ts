export { CountersignPlugin, workflowsPath } from './countersign-plugin.ts';
export type { CountersignPluginOptions } from './countersign-plugin.ts';
export { plainForChanges } from './plain-for-changes.ts';
export type { ActivityDependencies } from '../activities/dependencies.ts';
export { implement } from '../operations/implement.ts';
export type { Implementation } from '../operations/implement.ts';
export type { Change, ChangeRequest } from '../domain/change.ts';
