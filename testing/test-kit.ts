import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import type { NativeConnection, WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { createEngine } from '../api/engine.ts';
import { endWithHost } from '../activities/host-end.ts';
import { judgeSaid } from '../domain/actions.ts';
import { mayHaveBeenSent } from '../domain/attempt.ts';
import type { ChangeEvent, Requested } from '../domain/change-event.ts';
import type { Attempt, Change } from '../domain/change.ts';
import { allowed, CountersignError } from '../domain/error.ts';
import { fourEyes } from '../domain/four-eyes.ts';
import { defaultInstallation, taskQueuesOf } from '../domain/installation.ts';
import { directoryOf } from '../domain/membership.ts';
import type { Person, PersonId } from '../domain/person.ts';
import { mayRead } from '../domain/reading.ts';
import { refusalOfRecord } from '../domain/refusal-of-record.ts';
import { searchAttributes } from '../domain/search-attributes.ts';
import { newStatement } from '../domain/statement.ts';
import type { Said } from '../domain/statement.ts';
import { commentText } from '../domain/text-schema.ts';
import { isoTime } from '../domain/time.ts';
import { createStatementSigner, createStatementVerifier } from '../identity/statement-signer.ts';
import { bundledOperations } from '../operations/bundled.ts';
import { checked } from '../operations/checked.ts';
import type { Implementation } from '../operations/implement.ts';
import { makeImplementations } from '../operations/implementations.ts';
import { makeOperations } from '../operations/registry.ts';
import { CountersignPlugin, workflowsPath } from '../plugin/countersign-plugin.ts';
import { policyChoice } from '../policies/choose.ts';
import { loadPolicies, onePolicy } from '../policies/load.ts';
import { makeCallActivities } from './call-activities.ts';
import { changesInMemory } from './changes-in-memory.ts';
import type { KeptChange } from './changes-in-memory.ts';
import { declaredImplementations } from './declared-operations.ts';
import { holdOf } from './hold-of.ts';
import { kitRules } from './kit-rules.ts';
import type { TestFreeze, TestTicket } from './kit-rules.ts';
import { makeLogActivities } from './log-activities.ts';

/** What the kit needs of a `TestWorkflowEnvironment` of `@temporalio/testing`. */
export interface TestEnvironment {
  readonly client: Client;
  readonly nativeConnection: NativeConnection;
  readonly namespace?: string | undefined;
  /** Milliseconds since the epoch, of the server. */
  currentTimeMs(): Promise<number>;
  /** Lets so many milliseconds pass, for the server. */
  sleep(durationMs: number): Promise<void>;
}

/** What a kit is made with. */
export interface TestKitOptions {
  /** What carries the host's operations out: of a {@link testTarget}, or of a driver of its own. */
  readonly implementations?: readonly Implementation[];
  /**
   * A file of declared operations (YAML), carried out by workers of the test on their task queues. One that
   * `implementations` has is carried out by that instead.
   */
  readonly operationsFile?: string;
  /** The policy file (YAML) that the service has; without it the built-in four-eyes: one other person approves. */
  readonly policyFile?: string;
  /** The directory file (YAML). */
  readonly directoryFile?: string;
  /** The installation that `requireApproval` asks; default `countersign`. */
  readonly installation?: string;
  /** Longest wait of `asked`, `ended` and `askedAgain`, ms of real time; default 30,000. */
  readonly longestWaitMs?: number;
}

const waitsMs = 50;
const usualWaitMs = 30_000;
/** Longest wait for a workflow that takes up what somebody says, ms. */
const sendWithinMs = 30_000;
let bundled: Promise<WorkflowBundleWithSourceMap> | undefined;

/**
 * Countersign for the tests of a host: its own workflows, its own rules, memory in place of Postgres, and the test's word in
 * place of people. What runs is what a service runs but for the log, its seals, systems of tickets and the directory's changes.
 */
export class CountersignTestKit {
  readonly #env: TestEnvironment;
  readonly #longestWaitMs: number;
  readonly #changes = changesInMemory();
  readonly #rules = kitRules();
  readonly #keys = generateKeyPairSync('ed25519');
  readonly #signer = createStatementSigner(
    this.#keys.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  );
  /** The operations that freezes may name. */
  #known = makeOperations(bundledOperations);
  #stop: () => Promise<void> = () => Promise.resolve();
  #groupsIn: (person: PersonId) => readonly string[] = () => [];

  private constructor(env: TestEnvironment, longestWaitMs: number) {
    this.#env = env;
    this.#longestWaitMs = longestWaitMs;
  }

  /**
   * Starts the workers of a service on the task queues that `requireApproval` asks.
   *
   * @throws CountersignError `invalid_configuration` for a policy file, or a file of operations, that is wrong, and for an
   * operation with the name of a bundled one
   */
  static async create(
    env: TestEnvironment,
    {
      implementations: own = [],
      operationsFile,
      policyFile,
      directoryFile,
      installation = defaultInstallation,
      longestWaitMs = usualWaitMs,
    }: TestKitOptions,
  ): Promise<CountersignTestKit> {
    const kit = new CountersignTestKit(env, longestWaitMs);
    const clock = () => env.currentTimeMs();
    const declared =
      operationsFile === undefined ? [] : await declaredImplementations(operationsFile, installation, clock);
    const isOwn = ({ operation }: Implementation) => own.some((one) => one.operation.name === operation.name);
    const implementations = [...own, ...declared.filter((one) => !isOwn(one))];
    const operations = makeOperations(implementations.map(({ operation }) => operation));
    // As in a service, the bundled ones are there, too, and another one of their names is refused.
    kit.#known = makeOperations([...new Set([...bundledOperations, ...operations.list])]);
    const policies =
      policyFile === undefined
        ? onePolicy(fourEyes)
        : await loadPolicies({ policyFile, directoryFile: directoryFile ?? null, operations: kit.#known });
    kit.#groupsIn = (person) => policies.current().directory.groupsIn(person);
    const parts = {
      changes: kit.#changes,
      rules: kit.#rules,
      operations,
      implementations: makeImplementations(operations, implementations),
      policies: policyChoice(policies),
      verifyStatement: createStatementVerifier([
        kit.#keys.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
      ]),
      linkOf: (id: string) => `https://countersign.test/changes/${id}`,
      clock,
    };
    await addSearchAttributes(env);
    bundled ??= bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
    const activities = { ...makeLogActivities(parts), ...makeCallActivities(parts) };
    const shared = {
      connection: env.nativeConnection,
      namespace: env.namespace ?? 'default',
      plugins: [new CountersignPlugin({ installation })],
      activities,
    };
    const queues = taskQueuesOf(installation);
    const workers = [
      await Worker.create({ ...shared, taskQueue: queues.changes, workflowBundle: await bundled }),
      await Worker.create({ ...shared, taskQueue: queues.calls }),
    ];
    const running = Promise.all(workers.map((worker) => worker.run()));
    kit.#stop = async () => {
      for (const worker of workers) worker.shutdown();
      await running;
    };
    return kit;
  }

  /**
   * The next change that is asked for and waits for a decision, or has ended before one: the id that it is known by.
   *
   * @param of - by whom or of what; without it whichever comes first
   */
  asked(of: { readonly operation?: string; readonly targetId?: string } = {}): Promise<Change> {
    const meant = () =>
      [...this.#changes.all.values()].filter(
        ({ change }) =>
          (of.operation ?? change.operation) === change.operation &&
          (of.targetId ?? change.target.id) === change.target.id &&
          (change.closedAt === null || of.targetId !== undefined),
      );
    return this.#until(
      () => meant().find(({ change }) => change.digest !== null || change.closedAt !== null)?.change ?? null,
      () => {
        const [kept] = meant();
        if (kept === undefined) return ['no change was asked for'];
        const { id, operation, target } = kept.change;
        return [`change ${id}, ${operation} of ${target.id}, could not be decided`, holdOf(kept)];
      },
    );
  }

  /**
   * Somebody approves a change, as it stands now.
   *
   * @throws CountersignError what the service would refuse them with: `self_approval`, `not_an_approver`, `already_decided`, …
   */
  async approve(id: string, person: Person, comment = ''): Promise<Change> {
    return this.#decide(id, 'approve', person, comment);
  }

  /** Somebody rejects a change. @throws CountersignError as {@link approve} */
  async reject(id: string, person: Person, comment = 'no'): Promise<Change> {
    return this.#decide(id, 'reject', person, comment);
  }

  /** Somebody withdraws it: its requester, or an operator. @throws CountersignError `missing_role`, `call_started`, … */
  async withdraw(id: string, person: Person, comment = ''): Promise<Change> {
    await this.#say(id, { kind: 'withdrawal', action: 'withdraw', comment }, person);
    return this.change(id);
  }

  /**
   * A break-glass change of somebody else takes its target over: it is withdrawn, and ends as `taken_over`. Whether they may
   * break the glass is not asked: that change is not the host's.
   *
   * @throws CountersignError `call_started`, `already_stopped`, …
   */
  async takeOver(id: string, person: Person, comment = 'break-glass'): Promise<Change> {
    await this.#tell(id, { kind: 'takeover', action: 'take_over', comment }, person);
    return this.ended(id);
  }

  /**
   * A freeze holds what it names until it ends or is lifted.
   *
   * @returns its id
   * @throws CountersignError `invalid_request` as the API: for an operation or a member of the scope that there is not, a time
   * without a zone, an end that has passed
   */
  async freeze(freeze: TestFreeze = {}): Promise<string> {
    return this.#rules.freeze(freeze, this.#known, await this.#env.currentTimeMs());
  }

  /**
   * Lifts a freeze; a change that it held asks again within a minute of the server's time. One that has ended, or was lifted
   * before, stays as it is.
   *
   * @throws CountersignError `not_found` where there was none
   */
  lift(freezeId: string): void {
    this.#rules.lift(freezeId);
  }

  /** A ticket is there, as its system shows it; one of the same system and id is replaced. A policy's ticket rule reads it. */
  ticket(ticket: TestTicket): void {
    this.#rules.putTicket(ticket);
  }

  /** A ticket is not there any more. */
  removeTicket(system: string, id: string): void {
    this.#rules.removeTicket(system, id);
  }

  /** Nobody decides until decide-by has passed: sends the clock ahead, and answers the change as it ended. */
  async expire(id: string): Promise<Change> {
    const { decideBy } = this.change(id);
    await this.#env.sleep(Date.parse(decideBy) - (await this.#env.currentTimeMs()) + 1000);
    return this.ended(id);
  }

  /** A change as it is now. @throws CountersignError `not_found` where there is none */
  change(id: string): Change {
    return this.#kept(id).change;
  }

  /** What has happened to a change, in order: what the service's log would tell. */
  events(id: string): readonly ChangeEvent[] {
    return [...this.#kept(id).events];
  }

  /** Its calls. */
  attempts(id: string): readonly Attempt[] {
    return [...this.#kept(id).attempts];
  }

  /** Waits until a change has ended. The clock is not sent ahead meanwhile. */
  async ended(id: string): Promise<Change> {
    await this.#endWithHost(id);
    return await this.#until(
      () => (this.change(id).closedAt === null ? null : this.change(id)),
      () => [`change ${id} has not ended`, holdOf(this.#kept(id))],
    );
  }

  /** Waits for another round of decisions: the target was found otherwise than it was approved. @param round - from 2 */
  askedAgain(id: string, round = 2): Promise<Change> {
    return this.#until(
      () => {
        const change = this.change(id);
        return change.round >= round && change.decisionStatus === 'pending' ? change : null;
      },
      () => [`change ${id} has not come to round ${round}`, holdOf(this.#kept(id))],
    );
  }

  /** Stops the workers. The environment is the test's own to end. */
  close(): Promise<void> {
    return this.#stop();
  }

  /** The server that skips time tells no child of its parent's end; a service's reconciler tells changes what Temporal has not. */
  async #endWithHost(id: string): Promise<void> {
    const { change, events } = this.#kept(id);
    if (change.closedAt !== null) return;
    await endWithHost(this.#env.client, this.#env.namespace ?? 'default', events[0] as Requested);
  }

  #kept(id: string): KeptChange {
    const kept = this.#changes.all.get(id);
    if (kept === undefined) throw new CountersignError('not_found', 'there is no such change');
    return kept;
  }

  async #decide(id: string, action: 'approve' | 'reject', person: Person, comment: string): Promise<Change> {
    const { digest } = await this.#until(
      () => {
        const change = this.change(id);
        return change.digest === null && change.closedAt === null ? null : change;
      },
      () => [`change ${id} was not shown`, holdOf(this.#kept(id))],
    );
    await this.#say(id, { kind: 'decision', action, comment, digest }, person);
    return this.change(id);
  }

  /** As the API does: judged, signed, and brought to the change's workflow. */
  async #say(id: string, said: Said, person: Person): Promise<void> {
    const { change, attempts } = this.#kept(id);
    checked(commentText, said.comment, 'comment');
    const now = await this.#env.currentTimeMs();
    const directory =
      said.kind === 'decision' ? directoryOf(change, person, isoTime(now), this.#groupsIn) : [];
    const whole = directory.length === 0 ? said : { ...said, directory };
    const facts = {
      change,
      standing: change.standing,
      called: attempts.some(mayHaveBeenSent),
      last: null,
      isIntact: true,
      mayRead: mayRead(change, person, this.#groupsIn, now),
      unsealed: null,
    };
    if (allowed(judgeSaid(facts, whole, person, now)) === 'repeated') return;
    await this.#tell(id, whole, person);
  }

  async #tell(id: string, said: Said, person: Person): Promise<void> {
    const at = isoTime(await this.#env.currentTimeMs());
    const change = this.change(id);
    const request = { signed: this.#signer.sign(newStatement(said, change, person, at)), source: null };
    allowed(refusalOfRecord(change, request, Date.parse(at)));
    await createEngine(this.#env.client, sendWithinMs).send(request);
  }

  async #until<T>(look: () => T | null, inVain: () => readonly [what: string, why?: string]): Promise<T> {
    const deadline = Date.now() + this.#longestWaitMs;
    for (;;) {
      const found = look();
      if (found !== null) return found;
      if (Date.now() > deadline) {
        const [what, why] = inVain();
        const text = `${what} within ${this.#longestWaitMs} ms`;
        throw new Error(why === undefined ? text : `${text}: ${why}`);
      }
      await delay(waitsMs);
    }
  }
}

/** A change's workflow shows its statuses by them. */
async function addSearchAttributes({ client, namespace = 'default' }: TestEnvironment): Promise<void> {
  const keyword = 2;
  const { operatorService } = client.connection as unknown as {
    operatorService: { addSearchAttributes(request: object): Promise<unknown> };
  };
  await operatorService
    .addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(Object.keys(searchAttributes).map((name) => [name, keyword])),
    })
    .catch((error: unknown) => {
      if (!/already/i.test((error as Error).message)) throw error;
    });
}
