import { RemoteError } from '../remote-error.ts';
import { expected, fieldsAnswer } from './answers.ts';
import type { JiraClient } from './client.ts';

const kept = 600_000;
const isId = /^customfield_\d{1,12}$/;

/**
 * Finds the ids of fields by what people call them: an id such as `customfield_10101` is one as it is, a name has to be the name
 * of exactly one field. The list of fields is kept for ten minutes; what an issue says is not.
 *
 * @throws RemoteError `refused` where a name is of no field, or of several
 */
export function makeFieldIds(client: JiraClient, now: () => number) {
  let list: { readonly at: number; readonly fields: readonly { id: string; name: string }[] } | null = null;

  async function listed(signal: AbortSignal) {
    if (list !== null && now() - list.at < kept) return list.fields;
    const what = 'list the fields';
    const answer = await client({ what, method: 'GET', path: 'field', signal });
    const fields = expected(fieldsAnswer, answer, what);
    list = { at: now(), fields };
    return fields;
  }

  return async (names: readonly string[], signal: AbortSignal): Promise<Record<string, string>> => {
    const ids: Record<string, string> = {};
    for (const name of names) {
      ids[name] = isId.test(name) ? name : onlyOne(await listed(signal), name);
    }
    return ids;
  };
}

function onlyOne(fields: readonly { readonly id: string; readonly name: string }[], name: string): string {
  const byId = fields.find(({ id }) => id === name);
  if (byId !== undefined) return byId.id;
  const [found, another] = fields.filter((field) => field.name === name);
  if (found !== undefined && another === undefined) return found.id;
  const problem = found === undefined ? 'no field' : 'several fields';
  throw new RemoteError('refused', `Jira has ${problem} of the name ${JSON.stringify(name.slice(0, 100))}`);
}
