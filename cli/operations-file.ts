import { declaredOperation } from '../declarations/declared-operation.ts';
import { operationsDocument } from '../declarations/operations-document.ts';
import { declarationFindings } from '../declarations/findings.ts';
import type { Operation } from '../operations/operation.ts';
import { invalidFile } from '../policies/problem.ts';
import { readYaml } from '../policies/yaml-file.ts';

/**
 * The operations that a YAML file declares.
 *
 * @param before - those that are there without it
 * @param installation - whose task queues no worker of theirs may have
 * @throws CountersignError `invalid_configuration` naming file, line, field and rule of each error
 */
export async function readOperationsFile(
  file: string,
  before: readonly Operation[],
  installation: string,
): Promise<Operation[]> {
  const { value, problems, lineOf } = await readYaml(file, operationsDocument);
  if (value === null) throw invalidFile(problems);
  const taken = { names: before.map(({ name }) => name), installation };
  const found = declarationFindings(value, taken);
  if (found.length > 0) {
    throw invalidFile(
      found.map(({ path, rule, message }) => ({
        ...{ severity: 'error', file, rule, message },
        ...{ line: lineOf(path), field: path.map(String).join('.') },
      })),
    );
  }
  return value.operations.map(declaredOperation);
}
