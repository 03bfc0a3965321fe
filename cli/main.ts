#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { CountersignError } from '../domain/error.ts';
import { withoutSecrets } from '../domain/shown-error.ts';
import { apiTokenCommands } from './api-token-commands.ts';
import { auditCommands } from './audit-commands.ts';
import { demoToken } from './caller.ts';
import { changeCommands } from './change-commands.ts';
import { completionCommand } from './completion-command.ts';
import { runningStack } from './running-stack.ts';
import { readEnvironment, required } from './environment.ts';
import { exitCodes } from './exit-codes.ts';
import { findingLines } from './finding.ts';
import { freezeCommands } from './freeze-commands.ts';
import { exitCodeOfFailure } from './judging-command.ts';
import { keyCommands } from './key-commands.ts';
import { loginCommands } from './login-commands.ts';
import { mcpCommand } from './mcp-command.ts';
import { asMissingPackage } from './missing-package.ts';
import { reExecWithSmallHeap } from './re-exec.ts';
import { policyCommands } from './policy-commands.ts';
import { useServicePackages } from './service-packages.ts';
import { subscriptionCommands } from './subscription-commands.ts';
import { complain, outputOf, printJson, printLine } from './print.ts';
import type { Output } from './print.ts';
import { temporalCommand } from './temporal-command.ts';
import { endOnUnwrittenOutput } from './unwritten-output.ts';
import { ownVersion } from './version.ts';

useServicePackages();
const env = () => readEnvironment(process.env);
const program = new Command('countersign');
program
  .description('A human approval and a verifiable audit trail in front of a privileged operation.')
  .option('--json', 'print JSON')
  .option('--version', 'print the version of Countersign and of Node.js')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({
    writeOut: (text) => text.trimEnd().split('\n').forEach(printLine),
    writeErr: (text) => complain(text.trimEnd()),
  });

const output = (): Output => outputOf(program.opts<{ json?: boolean }>().json === true);

program
  .command('start')
  .description('run everything on loopback')
  .action(async () => (await import('./run-start.ts')).runStart(env(), process.env));
program
  .command('demo')
  .description('take one change through two 500s to success, beside a running start')
  .option('--ticket', 'one under a Jira ticket, approved in Slack, while Jira goes away')
  .action(async ({ ticket }: { ticket?: boolean }) => {
    const lines: string[] = [];
    const json = program.opts<{ json?: boolean }>().json === true;
    const out = (line: string) => {
      if (json) lines.push(line);
      else printLine(line);
    };
    if (ticket === true) await (await import('./run-ticket-demo.ts')).runTicketDemo(env(), out);
    else await (await import('./run-demo.ts')).runDemo(env(), out);
    if (json) output().result(lines, []);
  });
program
  .command('api')
  .description('run the HTTP API')
  .option('--any-port', 'take any free port when PORT is in use')
  .action(async (o: { anyPort?: boolean }) => (await import('./run-api.ts')).runApi(env(), o));
program
  .command('worker')
  .description('run the Temporal workers')
  .action(async () => {
    reExecWithSmallHeap();
    await (await import('./run-worker.ts')).runWorker(env());
  });
program
  .command('signer')
  .description('run the log’s sequencer and signer; or tell one that refuses what to do')
  .option('--resume', 'look again: sign if the log is what was signed, and more')
  .option('--accept-loss', 'begin another log, under a new key, after one that is lost')
  .option('--reason <text>', 'why; recorded in the log')
  .option('--by <name>', 'who decides; recorded in the log')
  .action(async (o: { resume?: true; acceptLoss?: true; reason?: string; by?: string }) => {
    if (o.resume === undefined && o.acceptLoss === undefined) {
      await (await import('./run-signer.ts')).runSigner(env());
      return;
    }
    const { reason, by } = o;
    if (!reason || !by || (o.resume && o.acceptLoss)) {
      throw new InvalidArgumentError('--resume or --accept-loss, with --reason and --by');
    }
    const kind = o.resume ? 'resume' : 'accept-loss';
    const memory = await (await import('./decide-signing.ts')).decideSigning(env(), { kind, reason, by });
    output().result(memory, [`the signer of ${memory.origin} goes on from size ${memory.size}`]);
  });
program
  .command('deliverer')
  .description('bring the log’s entries to webhooks, ticket systems and chats')
  .action(async () => (await import('./run-deliverer.ts')).runDeliverer(env()));
program
  .command('forwarder')
  .description('bring the log, as it is sealed, to a folder or an object store elsewhere')
  .option('--again', 'first look at everything that is there: write what is missing, tell what differs')
  .action(async (o: { again?: true }) =>
    (await import('./run-forwarder.ts')).runForwarder(env(), { again: o.again === true }),
  );
program
  .command('console')
  .description('run the page that people decide on, with their sessions')
  .action(async () => (await import('./run-console.ts')).runConsole(env()));
program
  .command('witness')
  .description('cosign the log’s checkpoints, somewhere else than the log')
  .option('--port <port>', 'its port', portOf, 8281)
  .option('--first', 'begin the memory of a witness that was given its key, or has lost its memory; and end')
  .action(async (o: { port: number; first?: true }) => {
    const { beginWitness, runWitness } = await import('./run-witness.ts');
    if (o.first === undefined) return runWitness(env(), o.port);
    await beginWitness(env());
    output().result({ begun: true }, ['the memory begins; the witness can be started']);
  });
program
  .command('simulator')
  .description('run a local ApsaraMQ for MQTT endpoint')
  .option('--port <port>', 'its port', portOf, 8280)
  .option('--trail <file>', 'append every call to it, as ActionTrail would tell of it')
  .action(async (o: { port: number; trail?: string }) =>
    (await import('./run-simulator.ts')).runSimulator(env(), o),
  );
program
  .command('migrate')
  .description('bring the database to the schema of this version; safe to run again and at the same time')
  .action(async () => {
    const e = env();
    const { migrate } = await import('../store/migrate.ts');
    const { applied } = await migrate({
      databaseUrl: e.MIGRATION_DATABASE_URL ?? required(e, 'DATABASE_URL'),
    });
    output().result(
      { applied },
      applied.length === 0 ? ['nothing to do'] : applied.map((name) => `applied ${name}`),
    );
  });
program
  .command('token <user>')
  .description('print a bearer token of a demo user of the embedded stack')
  .option('--mfa', 'as if they had logged in with a second factor')
  .action(async (user: string, o: { mfa?: boolean }) => {
    const token = await demoToken(env(), user, o.mfa === true);
    output().result({ token }, [token]);
  });
program
  .command('doctor')
  .description('look at each dependency and say what to do; or explain a token')
  .option('--token <->', 'explain the token on stdin: whose it is, what it gives, why it would be refused')
  .option('--ticket <system:id>', 'only what is read of a ticket, such as jira:OPS-4711')
  .action(async (o: { token?: string; ticket?: string }) => {
    // Beside a running `countersign start`, its parts; what the environment names comes first.
    const { environment = {} } = (await runningStack(env())) ?? {};
    Object.assign(process.env, { ...environment, ...process.env });
    if (o.token !== undefined) {
      if (o.token !== '-')
        throw new InvalidArgumentError(
          'give --token - and the token on stdin: arguments can be seen by others',
        );
      const token = (await text(process.stdin)).trim().replace(/^bearer\s+/i, '');
      if (token === '') throw new InvalidArgumentError('--token -: nothing came on stdin');
      const { reportToken } = await import('./token-report.ts');
      const { accepted, value, lines } = await reportToken(env(), token);
      output().result(value, lines);
      if (!accepted) process.exitCode = exitCodes.failed;
      return;
    }
    const findings = await findingsOf(o.ticket);
    output().result(findings, findings.flatMap(findingLines));
    if (findings.some((f) => !f.ok)) process.exitCode = exitCodes.failed;
  });
changeCommands(program, env, output);
auditCommands(program, env, output);
keyCommands(program, env, output);
policyCommands(program, env, output);
freezeCommands(program, env, output);
apiTokenCommands(program, env, output);
subscriptionCommands(program, env, output);
temporalCommand(program, output);
loginCommands(program, env, output);
mcpCommand(program, env);
completionCommand(program, output);

/** The commands that run until a signal ends them. */
const processes = ['api', 'worker', 'signer', 'deliverer', 'forwarder', 'console', 'witness', 'simulator'];

endOnUnwrittenOutput();
/** The command that was asked for; null where none was found. */
let running: Command | null = null;
program.hook('preAction', (_program, command) => {
  running = command;
});
program.on('option:version', () => {
  const version = ownVersion();
  // The error may come before `--json` on the command line, which is then not read yet.
  outputOf(process.argv.includes('--json')).result({ version, node: process.version }, [
    `countersign ${version} (Node.js ${process.version})`,
  ]);
  throw new CommanderError(0, 'commander.version', '');
});
try {
  await program.parseAsync();
} catch (thrown) {
  const error = asMissingPackage(thrown) ?? thrown;
  process.exitCode = report(error);
  await logEnd(error);
  // Whatever was open before the failure must not keep the process alive: a supervisor has to see it end.
  setTimeout(() => process.exit(), 1000).unref();
}

/** Unexpected errors are logged too, for a process whose log is its output. */
async function logEnd(error: unknown): Promise<void> {
  const [command = ''] = program.args;
  if (!processes.includes(command) || error instanceof CountersignError || error instanceof CommanderError)
    return;
  const { makeLog } = await import('./process.ts');
  makeLog(command, { LOG_LEVEL: 'info' }).fatal({ err: error }, 'the process ends');
}

async function findingsOf(ticket: string | undefined) {
  if (ticket === undefined) return (await import('./doctor.ts')).examine(env());
  return [await (await import('./doctor-tickets.ts')).examineTicket(env(), ticket)];
}

function report(error: unknown): number {
  const { code, exitCode, message } = error as { code?: unknown; exitCode?: unknown; message?: string };
  if (exitCode === 0) return 0;
  const usedWrongly = typeof code === 'string' && code.startsWith('commander.');
  if (program.opts<{ json?: boolean }>().json === true) {
    const errors = error instanceof CountersignError ? error.errors : [];
    const told = usedWrongly ? 'invalid_request' : typeof code === 'string' ? code : 'internal_error';
    printJson({ code: told, message: message === undefined ? message : withoutSecrets(message), errors });
  }
  // Commander has printed the errors that it found itself, but not those that a command throws in its name.
  if (!usedWrongly || error instanceof InvalidArgumentError)
    complain(`countersign: ${withoutSecrets(message ?? String(error))}`);
  if (usedWrongly) return exitCodes.usage;
  return exitCodeOfFailure(running, code);
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected 0 to 65535.');
  return port;
}
