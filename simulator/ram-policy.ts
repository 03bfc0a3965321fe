interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/** A RAM policy, as far as the simulator understands it: Effect, Action and Resource with wildcards. */
export type RamPolicy = readonly Statement[];

function strings(value: unknown): readonly string[] | undefined {
  const list: unknown = typeof value === 'string' ? [value] : value;
  return Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === 'string')
    ? list
    : undefined;
}

function parseStatement(value: unknown): Statement | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const given = value as Record<string, unknown>;
  const effect = given['Effect'];
  const actions = strings(given['Action']);
  const resources = strings(given['Resource']);
  // What is not understood (Condition, NotAction) is refused, rather than taken for granted.
  const understood = Object.keys(given).every((name) => ['Effect', 'Action', 'Resource'].includes(name));
  if ((effect !== 'Allow' && effect !== 'Deny') || !understood || !actions || !resources) return undefined;
  return { effect, actions, resources };
}

/** Parses an inline policy; `undefined` when it is malformed, or holds elements that are not understood here. */
export function parseRamPolicy(text: string): RamPolicy | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { Version: version, Statement: given } = value as Record<string, unknown>;
  if (version !== '1' || !Array.isArray(given)) return undefined;
  const statements = given.map(parseStatement).filter((statement) => statement !== undefined);
  return statements.length === given.length && statements.length > 0 ? statements : undefined;
}

function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(text);
}

/** Region and account are not known to the simulator, so of `acs:mq:region:account:instance` the instance counts. */
function matchesInstance(resource: string, mqttInstanceId: string): boolean {
  if (resource === '*') return true;
  const [scheme, service, , , ...rest] = resource.split(':');
  return scheme === 'acs' && (service === 'mq' || service === '*') && matches(rest.join(':'), mqttInstanceId);
}

/** Whether a policy allows a RAM action (`mq:ActiveCaCertificate`) on an instance: allowed somewhere, denied nowhere. */
export function allows(policy: RamPolicy, ramAction: string, mqttInstanceId: string): boolean {
  const relevant = policy.filter(
    ({ actions, resources }) =>
      actions.some((action) => matches(action, ramAction)) &&
      resources.some((resource) => matchesInstance(resource, mqttInstanceId)),
  );
  return relevant.length > 0 && relevant.every(({ effect }) => effect === 'Allow');
}
