import type { Command } from 'commander';
import { CountersignError } from '../domain/error.ts';
import type { Person } from '../domain/person.ts';
import { readInput } from '../operations/inputs.ts';
import { explain } from '../policies/explain.ts';
import { operationsFileSchema } from '../declarations/json-schemas.ts';
import { jsonSchemas } from '../policies/json-schema.ts';
import { integrationsSchema } from '../tickets/json-schema.ts';
import { checkPolicies } from '../policies/load.ts';
import { invalidFile, problemLine } from '../policies/problem.ts';
import type { PolicyRevocation } from '../store/policy-revocation.ts';
import { runningStack } from './running-stack.ts';
import { asCaller, clientOf } from './caller.ts';
import type { Caller, Texts } from './caller.ts';
import { required } from './environment.ts';
import { explanationLines } from './explanation.ts';
import type { Environment } from './environment.ts';
import { asInput, inputOf } from './operation-input.ts';
import type { InputOptions } from './operation-input.ts';
import { openOperations } from './operations.ts';
import type { Output } from './print.ts';

/** `countersign policy …`: looks at a policy file, without any server; revokes versions of policies, by the API. */
export function policyCommands(program: Command, env: () => Environment, output: () => Output): void {
  const policy = program
    .command('policy')
    .description('check a policy file; explain what it says of a change; revoke a version (admins)');
  const issuerHere = async () => env().OIDC_ISSUER ?? (await runningStack(env()))?.issuer ?? null;
  const files = async (file: string | undefined, directory: string | undefined, issuer: string | null) => ({
    issuer,
    operations: await openOperations(env()),
    policyFile: file ?? required(env(), 'COUNTERSIGN_POLICY'),
    directoryFile: directory ?? env().COUNTERSIGN_DIRECTORY ?? null,
  });

  policy
    .command('check')
    .argument('[file]', 'the policy file; otherwise COUNTERSIGN_POLICY')
    .option('--directory <file>', 'the directory file; otherwise COUNTERSIGN_DIRECTORY')
    .option('--issuer <url>', 'the iss of tokens; otherwise OIDC_ISSUER, otherwise that of a running start')
    .option('--strict', 'fail on warnings, too')
    .option('--separation', 'name whoever is two of the administrators of system, security and audit')
    .description('say what is wrong with a policy file: file, line, field and rule')
    .action(
      async (
        file: string | undefined,
        o: { directory?: string; issuer?: string; strict?: boolean; separation?: boolean },
      ) => {
        const issuer = o.issuer ?? (await issuerHere());
        const { set, problems } = await checkPolicies(await files(file, o.directory, issuer));
        const { separationLines, separationOf } = await import('./separation.ts');
        const separation =
          o.separation === true && set !== null ? await separationOf(env(), set.directory) : null;
        const isApart = separation === null || separation.overlaps.length === 0;
        const ok = set !== null && (o.strict !== true || problems.length === 0) && isApart;
        const policies = (set?.rules ?? []).map(({ policy: { name, version, digest } }) => ({
          name,
          version,
          digest,
        }));
        output().result({ ok, policies, problems, ...(separation && { separation }) }, [
          ...problems.map(problemLine),
          ...policies.map(({ name, version, digest }) => `ok ${name} version ${version} ${digest}`),
          ...(separation === null ? [] : separationLines(separation)),
        ]);
        if (!ok) process.exitCode = 1;
      },
    );

  asInput(policy.command('explain'))
    .argument('[file]', 'the policy file; otherwise COUNTERSIGN_POLICY')
    .option('--directory <file>', 'the directory file; otherwise COUNTERSIGN_DIRECTORY')
    .option('--operation <name>', 'the operation', 'ActiveCaCertificate')
    .requiredOption('--requester <subject>', 'who asks: the sub of their token')
    .option(
      '--issuer <url>',
      'the iss of their token; otherwise OIDC_ISSUER, otherwise that of a running start',
    )
    .option('--groups <names>', 'the groups of their token, comma-separated', '')
    .option(
      '--group <name>',
      'one group of their token, commas and all; may be given several times',
      (name, all: string[]) => [...all, name],
      [],
    )
    .option('--at <time>', 'when, ISO 8601; now when left out')
    .option('--break-glass', 'as an emergency change')
    .description('say which policy a change would have and why, and who may approve it')
    .action(
      async (
        file: string | undefined,
        o: Omit<Texts, 'group' | 'input'> & InputOptions & { breakGlass?: boolean; group: string[] },
      ) => {
        const issuer = o.issuer ?? (await issuerHere());
        const given = await files(file, o.directory, issuer);
        const { set, problems } = await checkPolicies(given);
        if (set === null) throw invalidFile(problems);
        const requester: Person = {
          issuer: issuer ?? '',
          subject: o.requester ?? '',
          name: o.requester ?? '',
          roles: ['requester'],
          groups: [...(o.groups ?? '').split(',').filter((group) => group !== ''), ...o.group],
          authentication: { methods: [], at: null },
        };
        const now = o.at === undefined ? Date.now() : Date.parse(o.at);
        if (Number.isNaN(now))
          throw new CountersignError('invalid_request', `--at: expected ISO 8601, got ${o.at}`);
        const operation = o.operation ?? '';
        const found = readInput(given.operations, { operation, input: inputOf(o) });
        if (found.fault !== null) throw new CountersignError('invalid_request', found.fault);
        const facts = { operation, target: found.target, requester, now };
        const explanation = explain(set, facts, o.breakGlass);
        output().result(explanation, explanationLines(explanation, o.breakGlass === true));
        const { verdict, mayBreakGlass } = explanation;
        const refused = verdict === 'no_policy' || verdict === 'unsatisfiable';
        if (refused || (o.breakGlass === true && mayBreakGlass !== true)) process.exitCode = 1;
      },
    );

  policy
    .command('schema')
    .option('--directory', 'of a directory file')
    .option('--integrations', 'of the file of COUNTERSIGN_INTEGRATIONS')
    .option('--operations', 'of a YAML file of COUNTERSIGN_OPERATIONS')
    .description('print the JSON Schema of a policy file, by which editors complete it')
    .action((o: { directory?: boolean; integrations?: boolean; operations?: boolean }) => {
      const name = o.directory ? 'directory.schema.json' : 'policy.schema.json';
      const ofPolicies = o.integrations ? integrationsSchema() : jsonSchemas()[name];
      const schema = o.operations ? operationsFileSchema() : ofPolicies;
      output().result(schema, JSON.stringify(schema, null, 2).split('\n'));
    });

  asCaller(policy.command('revoke <digest>'))
    .description('revoke one version of a policy for good; its open changes end as refused')
    .requiredOption('--comment <text>', 'why')
    .action(async (digest: string, o: Caller & { comment: string }) => {
      const client = await clientOf(env(), o);
      const body = { digest, comment: o.comment };
      const revoked = await client.post<PolicyRevocation>('/v1/policy-revocations', body);
      output().result(revoked, [revocationLine(revoked)]);
    });

  asCaller(policy.command('revocations'))
    .description('revoked versions of policies, newest first')
    .action(async (o: Caller) => {
      const client = await clientOf(env(), o);
      const list = await client.get<{ items: PolicyRevocation[] }>('/v1/policy-revocations');
      output().result(list, list.items.map(revocationLine));
    });
}

function revocationLine({ digest, name, version, comment, revokedBy, revokedAt }: PolicyRevocation): string {
  return `${revokedAt}  ${name} version ${version} ${digest}  by ${revokedBy.name}: ${comment}`;
}
