/**
 * What a coordinator runs.
 *
 * `run` declares a definition. Who leads makes the cluster match it: at once, and again whenever a
 * head or a part changes or goes (drift), one pass for one workload at a time. Writes of one workload
 * (`run`, `scale`, `delete`, repairs) go one after another in the order of the calls, so the last call
 * wins; different workloads go side by side. A follower only declares. What runs and is not declared
 * here, such as what an earlier program of this coordinator ran, is left as it is.
 *
 * @module
 */
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { type Change, type ExecClient, isOlder, type KubeObject } from "../../kube/mod.ts";
import { anySignal, asError } from "../../runtime/mod.ts";
import type { ClusterView } from "../cluster_view.ts";
import { type Head, isHead } from "../heads.ts";
import { LABELS } from "../labels.ts";
import type { Contract, NoContract, Specs } from "../../messaging/mod.ts";
import { claimHead, claimHeads } from "../leadership/claim.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import type { Messaging } from "../messaging/messaging.ts";
import type { Tenure } from "../leadership/tenure.ts";
import { checkGroup, type Supervised, supervisedBy } from "../supervision/mod.ts";
import { waitFor } from "../wait.ts";
import { Definitions } from "./definitions.ts";
import { deploy, type DeployContext, type Deployed, hashOf } from "./deploy.ts";
import { FencedWriter, termOf } from "./fenced_writer.ts";
import { type Kept, setOn } from "./operations/kept.ts";
import { isEnded, isSameObject, keyOfHead, newest } from "./head_facts.ts";
import { prune } from "./prune.ts";
import { type Drift, Repairs } from "./repairs.ts";
import type { CheckedRunParams } from "./run_params.ts";
import { SerialWrites } from "./serial_writes.ts";
import { Workload } from "./workload.ts";
import {
  type Applied,
  type RecordOperation,
  type WorkloadContext,
  workloadKey,
} from "./workload_context.ts";

/** Options of {@linkcode Workloads}. */
export interface WorkloadsOptions {
  /** Sends the requests. */
  client: RestClient & ExecClient;
  /** The coordinator's name. */
  coordinator: string;
  /** What is seen of the cluster. */
  view: ClusterView;
  /** What may be done now. */
  tenure: Tenure;
  /** Aborts when the coordinator has stopped. */
  life: AbortSignal;
  /** The Deployment that workloads belong to; without one they belong to nobody. */
  owner: { name: string; namespace: string } | undefined;
  /** Whether workers with a contract hear messages by TLS. @default false */
  tls?: boolean;
  /** Talks to workers. */
  messaging: Pick<Messaging, "team" | "provideKeys" | "forget" | "keep">;
  /** Does operations, and records them. */
  record: RecordOperation;
  /** Hears that other workloads are declared, or others of their parameters. */
  onDeclared: () => void;
  /** Hears what fails without a caller; it is tried again. */
  onError: (error: Error) => void;
  /** Hears what somebody else has changed. */
  onDrift: (drift: Drift) => void;
}

/** See the module's text. */
export class Workloads {
  readonly #options: WorkloadsOptions;
  readonly #context: WorkloadContext;
  readonly #declared = new Map<string, CheckedRunParams>();
  /** What was declared and deleted, so that a call of `run` that fails does not bring it back. */
  readonly #forgotten = new WeakSet<CheckedRunParams>();
  /** Uids of heads that were last seen to be deleted, by key; maybe before what has made them returns. */
  readonly #deleted = new Map<string, string>();
  /** Hashes of jobs that have ended and were cleared away, by key. */
  readonly #cleared = new Map<string, string | undefined>();
  /** Keys that a call of `run` is about to apply. */
  readonly #running = new Map<string, number>();
  readonly #repairs: Repairs;
  readonly #definitions: Definitions;

  /** Nothing runs yet. */
  constructor(options: WorkloadsOptions) {
    this.#options = options;
    const { client, coordinator, view, tenure, life } = options;
    const writer = new FencedWriter(client, coordinator);
    this.#definitions = new Definitions(options);
    this.#context = {
      client,
      coordinator,
      view,
      tenure,
      life,
      writer,
      messaging: options.messaging,
      applied: new Map(),
      declared: this.#declared,
      record: options.record,
      run: (params) => this.run(params),
      deleted: new Set(),
      writes: new SerialWrites(),
      forgetting: (key) => {
        const params = this.#declared.get(key);
        return () => {
          if (params !== undefined) this.#forgotten.add(params);
          if (this.#declared.get(key) === params) this.#declared.delete(key);
          if (!this.#declared.has(key)) options.messaging.forget(key);
          this.#context.applied.delete(key);
          this.#deleted.delete(key);
          this.#cleared.delete(key);
          this.#repairs.forget(key);
          options.onDeclared();
        };
      },
    };
    this.#repairs = new Repairs({
      context: this.#context,
      isRunning: (key) => this.#running.has(key),
      isCleared: (key, params) => this.#isCleared(key, params),
      apply: (params) => this.#apply(params),
      onError: options.onError,
      onDrift: options.onDrift,
    });
  }

  /** Namespaces in which something is declared. */
  get namespaces(): string[] {
    return [...this.#declared.values()].map(({ namespace }) => namespace);
  }

  /** What is declared, in the order in which it was. */
  get declared(): Iterable<CheckedRunParams> {
    return this.#declared.values();
  }

  /** What is declared with supervision, in the order in which it was declared. */
  get supervised(): Supervised[] {
    return [...this.#declared.values()].flatMap((params) => supervisedBy(params) ?? []);
  }

  /** A handle of what has that name, whether or not it was run by this process. */
  workload<S extends Specs = NoContract["specs"]>(
    target: { name: string; namespace: string },
    contract?: Contract<S>,
  ): Workload<S> {
    return new Workload(target, this.#context, contract);
  }

  /** Declares a workload, and applies it if this coordinator leads; resolves when that is stored. */
  async run(params: CheckedRunParams): Promise<void> {
    await this.#options.record("run", params, () => this.#run(params));
  }

  async #run(params: CheckedRunParams): Promise<void> {
    const { tenure, life } = this.#options;
    const key = workloadKey(params);
    checkGroup(params, this.supervised);
    const before = this.#declared.get(key);
    const leading = tenure.mandate !== undefined; // else it waits for a term
    const asked = leading && before !== undefined; // else it adopts: what was scaled stays
    this.#declared.set(key, params);
    if (params.primitives) this.#options.view.watchRoles(params.namespace);
    this.#options.messaging.keep(key);
    this.#running.set(key, (this.#running.get(key) ?? 0) + 1);
    try {
      // what has no `workers` any more must not be scaled after this
      this.#options.onDeclared();
      // all of it when it is this call's turn, so that it overtakes no other
      await this.#context.writes.add(key, life, async () => {
        for (let term = await tenure.outcome(life); term; term = await tenure.outcome(life)) {
          try {
            return void await this.#applyNow(params, asked);
          } catch (error) {
            const isOver = error instanceof NotLeadingError && term.signal.aborted;
            if (!isOver || leading) throw error;
          }
        }
      });
    } catch (error) {
      if (this.#declared.get(key) === params) {
        if (before === undefined || this.#forgotten.has(before)) {
          this.#declared.delete(key);
          this.#options.messaging.forget(key);
        } else this.#declared.set(key, before);
        this.#options.onDeclared();
      }
      throw error;
    } finally {
      const left = this.#running.get(key)! - 1;
      if (left > 0) this.#running.set(key, left);
      else {
        this.#running.delete(key);
        if (tenure.mandate && this.#declared.has(key)) this.#repairs.enqueue(key); // what was missed
      }
    }
  }

  /** Claims what is there for a new term; see `claimHeads`. */
  async takeOver(mandate: Mandate): Promise<void> {
    const { client, coordinator, view } = this.#options;
    const { signal } = mandate;
    for (const { heads, parts } of view.namespaces) {
      const all = [...heads.values(), ...parts.values()];
      await Promise.all(all.map((reflector) => reflector.synced({ signal })));
    }
    const places = view.namespaces.flatMap(({ namespace, heads }) =>
      [...heads.keys()].map((kind) => ({ namespace, kind: view.kindOf(namespace, kind) }))
    );
    const isDeclared = (head: Head): boolean => this.#declared.has(keyOfHead(head));
    const { writer } = this.#context;
    await claimHeads({ client, writer, mandate, coordinator, places, isDeclared });
  }

  /** Begins to keep what is declared as it should be. */
  begin(): void {
    this.#context.applied.clear(); // somebody else may have changed what this one knew
    for (const key of this.#declared.keys()) {
      if (!this.#running.has(key)) this.#repairs.enqueue(key);
    }
  }

  /** Deletes what runs and is not declared; resolves when that is stored. */
  async prune(): Promise<void> {
    const { life, onError, tenure, view } = this.#options;
    await prune(anySignal([life, tenure.require("prune").signal]), {
      view,
      isDeclared: (head) => this.#declared.has(keyOfHead(head)),
      remove: (target, signal) => this.workload(target).remove(signal),
      onError,
    });
  }

  /** Hears that an object has changed. */
  take({ type, object }: Change<KubeObject>): void {
    const name = object.metadata?.labels?.[LABELS.workload];
    if (name === undefined || object.kind === "Pod") return;
    const key = workloadKey({ name, namespace: object.metadata?.namespace ?? "" });
    if (type === "deleted") this.#context.deleted.delete(object.metadata?.uid ?? "");
    if (isHead(object)) {
      this.#remember(key, object, type === "deleted");
      if (type === "deleted") this.#noteCleared(key, object);
    }
    const mandate = this.#options.tenure.mandate;
    if (mandate === undefined) return;
    if (this.#declared.has(key)) this.#repairs.enqueue(key);
    else if (type !== "deleted" && isHead(object)) this.#claimLate(object, mandate);
  }

  /** Resolves when nothing is being repaired any more. */
  async close(): Promise<void> {
    await this.#repairs.close();
  }

  /** A head that an older leader created after the claim; see `claimHeads`. */
  #claimLate(head: Head, mandate: Mandate): void {
    const term = termOf(head);
    if (mandate.token === undefined || term === undefined || term >= mandate.token) return;
    const { writer } = this.#context;
    const kind = this.#options.view.kindOf(head.metadata!.namespace!, head.kind);
    claimHead(kind, head, { writer, mandate, isDeclared: () => false }).catch((error) => {
      if (!mandate.signal.aborted) this.#options.onError(asError(error));
    });
  }

  /** Keeps the newest state of a head that was applied. */
  #remember(key: string, head: Head, deleted: boolean): void {
    if (deleted && this.#declared.has(key)) this.#deleted.set(key, head.metadata?.uid ?? "");
    const applied = this.#context.applied.get(key);
    if (applied === undefined || !isSameObject(applied.head, head)) return;
    if (deleted) applied.deleted = true;
    if (!isOlder(head, applied.head)) applied.head = head;
  }

  /** Notes a job that has ended and was cleared away, also while another one leads: it is done. */
  #noteCleared(key: string, head: Head): void {
    if (this.#declared.has(key) && isEnded(head)) this.#cleared.set(key, hashOf(head));
  }

  async #isCleared(key: string, params: CheckedRunParams): Promise<boolean> {
    const hash = this.#cleared.get(key);
    return hash !== undefined && hash === hashOf((await this.#definitions.of(params)).head);
  }

  /** Applies a workload when it is its turn, unless it was deleted or run anew meanwhile. */
  async #apply(params: CheckedRunParams): Promise<Deployed | undefined> {
    const { life } = this.#options;
    const key = workloadKey(params);
    return await this.#context.writes.add(key, life, async () => {
      return this.#declared.get(key) === params ? await this.#applyNow(params, false) : undefined;
    });
  }

  /** @param asked whether the user asks for it now; else what was scaled stays so */
  async #applyNow(params: CheckedRunParams, asked: boolean): Promise<Deployed> {
    const { coordinator, life, tenure, view } = this.#options;
    const { applied, deleted, writer } = this.#context;
    const key = workloadKey(params);
    const mandate = tenure.require(`run "${params.name}"`);
    if (params.contract) await this.#options.messaging.provideKeys(params.namespace, mandate);
    const known = asked ? undefined : applied.get(key);
    const definition = known?.definition ?? await this.#definitions.of(params);
    const { heads, parts } = view.namespace(params.namespace);
    const context: DeployContext = {
      writer,
      mandate,
      coordinator,
      signal: life,
      kindOf: (kind) => view.kindOf(params.namespace, kind),
      seen: {
        head: ({ kind, metadata }) => {
          const last = applied.get(key);
          const found = heads.get(kind)?.store.get(`${params.namespace}/${metadata?.name}`);
          const seen = deleted.has(found?.metadata?.uid ?? "") ? undefined : found;
          const isCurrent = last !== undefined && !last.deleted && last.head.kind === kind;
          return isCurrent ? newest(seen, last.head) : seen;
        },
        others: ({ kind }) => {
          const last = applied.get(key);
          const found = [...heads.values()].map(({ store }) => store.get(key));
          if (last !== undefined && !last.deleted) found.push(last.head);
          return found.filter((head) => head !== undefined).filter((head) => head.kind !== kind);
        },
        part: ({ kind, metadata }) =>
          parts.get(kind)?.store.get(`${params.namespace}/${metadata?.name}`),
      },
      gone: (head) => this.#gone(head, mandate),
    };
    // what runs under that name as another kind must be known, and what is missing from now on seen
    await waitFor(
      [...heads.values(), ...definition.parts.map(({ kind }) => parts.get(kind)!)],
      anySignal([life, mandate.signal]),
      () => true,
    );
    // what is known has it already, and tells when somebody else has changed it
    const keep: Kept | undefined = known
      ? undefined
      : { count: !asked, template: true, within: params.workers };
    const keepDrift = !asked && params.drift === "report";
    const deployed = await deploy(definition, context, { keep, keepDrift });
    this.#cleared.delete(key);
    const { head } = deployed;
    const shared: Applied = Object.assign(applied.get(key) ?? {}, {
      params,
      definition: {
        ...definition,
        head: keep ? setOn(definition.head, head, keep) : definition.head,
      },
      head,
      generation: head.metadata?.generation ?? 0,
      deleted: this.#deleted.get(key) === head.metadata?.uid,
      reported: undefined,
    });
    applied.set(key, shared);
    return deployed;
  }

  /** Resolves when a head is seen to be gone. */
  async #gone({ kind, metadata }: Head, mandate: Mandate): Promise<void> {
    const { life, view } = this.#options;
    const signal = anySignal([life, mandate.signal]);
    const { namespace = "", name = "", uid } = metadata!;
    const heads = view.namespace(namespace!).heads.get(kind)!;
    await waitFor([heads], signal, () => {
      return heads.store.get(`${namespace}/${name}`)?.metadata?.uid !== uid || undefined;
    });
  }
}
