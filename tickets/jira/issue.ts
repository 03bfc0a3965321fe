import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { TicketPhase, TicketRead } from '../../domain/ticket-read.ts';
import { accountId } from './answers.ts';
import type { JiraIssue, JiraStatus } from './answers.ts';
import { fieldText, jsonOf } from './field-value.ts';
import type { JiraSettings } from './settings.ts';

/** The fields of an issue that every read asks for. */
export const baseFields = [
  'summary',
  'status',
  'issuetype',
  'project',
  'labels',
  'resolution',
  'creator',
  'updated',
] as const;

type Names = Pick<JiraSettings, 'cancelledNames' | 'holdNames'>;

/** Whether a name is one of a list, however it is written. */
export function isOneOf(names: readonly string[], name: string): boolean {
  return names.some((one) => one.toLowerCase() === name.toLowerCase());
}

/** What a status comes to. @param resolution - the name of the issue's resolution, or null */
export function phaseOfStatus(
  { name, statusCategory }: Pick<JiraStatus, 'name' | 'statusCategory'>,
  resolution: string | null,
  { cancelledNames }: Pick<Names, 'cancelledNames'>,
): TicketPhase {
  switch (statusCategory.key) {
    case 'new':
      return 'new';
    case 'indeterminate':
      return 'in_progress';
    case 'done': {
      const isCancelled = isOneOf(cancelledNames, name) || isOneOf(cancelledNames, resolution ?? '');
      return isCancelled ? 'cancelled' : 'done';
    }
  }
}

/**
 * An issue as everybody reads tickets.
 *
 * @param fields - ids of further fields by the names that they were asked by
 * @param approved - what Jira Service Management says; null where nobody was asked
 */
export function ticketOf(
  system: string,
  { url, ...names }: Pick<JiraSettings, 'url'> & Names,
  { id, key, fields: read }: JiraIssue,
  fields: Readonly<Record<string, string>>,
  approved: boolean | null,
): TicketRead {
  const { status, labels, updated } = read;
  const resolution = read.resolution?.name ?? null;
  const author = accountId(read.creator);
  const others = Object.entries(fields).map(([name, of]) => [name, jsonOf(read[of])] as const);
  const told = jsonOf({
    ...{ id, key, status: status.name, category: status.statusCategory.key, resolution, updated, author },
    ...{ summary: read.summary ?? '', type: read.issuetype.name, project: read.project.key },
    ...{ labels: labels ?? [], approved, fields: Object.fromEntries(others) },
  });
  return {
    system,
    id,
    key: fieldText(key) ?? '',
    url: `${url.replace(/\/+$/, '')}/browse/${encodeURIComponent(key)}`,
    type: fieldText(read.issuetype.name) ?? '',
    project: fieldText(read.project.key) ?? '',
    state: fieldText(status.name) ?? '',
    phase: phaseOfStatus(status, resolution, names),
    onHold: isOneOf(names.holdNames, status.name),
    approved,
    summary: fieldText(read.summary) ?? '',
    fields: Object.fromEntries(Object.entries(fields).map(([name, of]) => [name, fieldText(read[of])])),
    times: 'zoned',
    version: fieldText(updated) ?? '',
    digest: createHash('sha256').update(canonicalJson(told)).digest('hex'),
    author,
    marks: labels ?? [],
  };
}
