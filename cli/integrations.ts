import { invalidFile } from '../policies/problem.ts';
import { readYaml } from '../policies/yaml-file.ts';
import { integrationsDocument } from '../tickets/integrations.ts';
import type { Integrations } from '../tickets/integrations.ts';
import type { Environment } from './environment.ts';

/**
 * The other systems that COUNTERSIGN_INTEGRATIONS names; none where it is not set.
 *
 * @throws CountersignError `invalid_configuration` naming file, line, field and rule
 */
export async function openIntegrations({
  COUNTERSIGN_INTEGRATIONS: file,
}: Environment): Promise<Integrations> {
  if (file === undefined) return integrationsDocument.parse({});
  const { value, problems } = await readYaml(file, integrationsDocument);
  if (value === null) throw invalidFile(problems);
  return value;
}
