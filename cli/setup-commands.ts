import type { NamespaceStep } from './namespace-steps.ts';
import { quoted } from './quoted.ts';

/** Where the commands are to work. */
export interface SetupPlace {
  /** host:port of Temporal's frontend. */
  readonly address: string;
  readonly namespace: string;
  /** Days that Temporal keeps workflows that have ended; null where nobody has said how many. */
  readonly retentionDays: number | null;
}

/** Whether an address is one of Temporal Cloud, whose namespaces are administered by a service of their own. */
export function isTemporalCloud(address: string): boolean {
  return /\.(tmprl\.cloud|api\.temporal\.io)(:\d+)?$/.test(address);
}

/**
 * What somebody who may types in a shell to make what is missing: Temporal's command line, for Temporal Cloud `tcld`.
 * None of them changes or removes anything that is there; for an attribute of the wrong type see {@link giveWayCommand}.
 * Where nobody has said a retention, `DAYS` stands for it, which Temporal refuses.
 */
export function setupCommands(steps: readonly NamespaceStep[], place: SetupPlace): string[] {
  const attributes = steps.filter((step) => step.kind === 'attribute');
  const add = isTemporalCloud(place.address)
    ? `tcld namespace search-attributes add --namespace ${quoted(place.namespace)}${attributes.map(({ name, type }) => ` --search-attribute ${name}=${type}`).join('')}`
    : `temporal operator search-attribute create ${whereOf(place)}${attributes.map(({ name, type }) => ` --name ${name} --type ${type}`).join('')}`;
  return [
    ...(steps.some(({ kind }) => kind === 'namespace') ? [namespaceCommand(place)] : []),
    ...(attributes.length === 0 ? [] : [add]),
  ];
}

function namespaceCommand(place: SetupPlace): string {
  return isTemporalCloud(place.address)
    ? `# make ${place.namespace} in Temporal Cloud's UI: its region and how one logs in are yours to choose`
    : `temporal operator namespace create ${whereOf(place)} --retention ${place.retentionDays ?? 'DAYS'}d`;
}

/** What takes an attribute of the wrong type out of the way, where nothing else in the namespace uses it. */
export function giveWayCommand(name: string, place: SetupPlace): string {
  return isTemporalCloud(place.address)
    ? `tcld namespace search-attributes rename --namespace ${quoted(place.namespace)} --existing-name ${name} --new-name ${name}Old`
    : `temporal operator search-attribute remove ${whereOf(place)} --name ${name}`;
}

function whereOf({ address, namespace }: SetupPlace): string {
  return `--address ${quoted(address)} --namespace ${quoted(namespace)}`;
}
