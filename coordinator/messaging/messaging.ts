/**
 * What a coordinator says to its workers: the teams of the workloads that have a contract, the keys by
 * which both sides know each other, certificates if there is to be TLS, and the way to the workers.
 *
 * A team is made when a workload is run with a contract, or a handle with one is asked for. The watch
 * tells pods to all teams; a term's begin and end are told to them too. Before a workload with a contract
 * is written its namespace has the Secret with the keys, or its pods could not start.
 *
 * @module
 */
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import type { Change, KubeObject, SocketClient } from "../../kube/mod.ts";
import type { Contract, KeyRing, Peer, Specs } from "../../messaging/mod.ts";
import { anySignal, asError } from "../../runtime/mod.ts";
import type { ClusterView } from "../cluster_view.ts";
import { podState } from "../events/pod_state.ts";
import { LABELS } from "../labels.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { workloadKey } from "../workloads/workload_context.ts";
import { CertificateKeeper } from "./certificate_keeper.ts";
import type { Via } from "./dial_worker.ts";
import { KeyStore } from "./key_store.ts";
import { Team, type TeamContext } from "./team.ts";
import { TlsStore } from "./tls_store.ts";

/** Milliseconds between two looks at the stored keys after a worker has refused them. */
const REREAD_MS = 5_000;

/** Options of {@linkcode Messaging}. */
export interface MessagingOptions {
  client: RestClient & SocketClient;
  /** The coordinator's name. */
  coordinator: string;
  /** The coordinator's namespace, where its keys are. */
  namespace: string;
  view: ClusterView;
  via: Via;
  inCluster: boolean;
  /** Whether workers are talked to by TLS. @default false */
  tls?: boolean;
  /** Opens a connection to a worker. @default dialWorker */
  dial?: TeamContext["dial"];
  /** Hears what fails without a caller. */
  onError: (error: Error) => void;
}

/** Which workload. */
interface Target {
  readonly name: string;
  readonly namespace: string;
}

/** See the module's text. */
export class Messaging {
  readonly #options: MessagingOptions;
  readonly #instance = crypto.randomUUID();
  readonly #keys: KeyStore;
  readonly #certificates: CertificateKeeper | undefined;
  readonly #teams = new Map<string, Team<Specs>>();
  /** Workloads that were deleted, or could not be run, and that have a team. */
  readonly #forgotten = new Set<string>();
  /** Namespaces that have the keys, in this term. */
  readonly #provided = new Map<string, Promise<KeyRing>>();
  #writing: Promise<unknown> = Promise.resolve();
  #mandate: Mandate | undefined;
  #reread = -Infinity;

  /** Nothing is sent yet. */
  constructor(options: MessagingOptions) {
    this.#options = options;
    this.#keys = new KeyStore(options);
    if (options.tls) {
      const { onError } = options;
      this.#certificates = new CertificateKeeper({ store: new TlsStore(options), onError });
    }
  }

  /**
   * The team of a workload.
   *
   * @throws {TypeError} when it has another contract here
   */
  team<S extends Specs>(target: Target, contract: Contract<S>): Team<S> {
    const key = workloadKey(target);
    const known = this.#teams.get(key);
    const isOther = known !== undefined && known.contract as unknown !== contract;
    if (isOther && this.#forgotten.delete(key)) {
      void known.end(new Error(`Cannot ask workers of "${target.name}": it has another contract`));
    } else if (known !== undefined) {
      if (isOther) {
        throw new TypeError(
          `Cannot use contract "${contract.name}" for "${target.name}": it has contract ` +
            `"${known.contract.name}" here already`,
        );
      }
      return known as unknown as Team<S>;
    }
    const { client, via, inCluster, tls, dial, view, onError } = this.#options;
    const team = new Team(contract, {
      client,
      via,
      inCluster,
      tls,
      dial,
      trust: () => this.#certificates?.trust,
      keys: () => this.#keys.ring!,
      onError,
      onUnauthorized: () => this.#readAgain(),
    });
    this.#teams.set(key, team as unknown as Team<Specs>);
    for (const pod of view.namespace(target.namespace).pods.store.values()) {
      if (pod.metadata?.labels?.[LABELS.workload] === target.name) team.take(podState(pod), false);
    }
    if (this.#mandate !== undefined) this.#join(target.namespace, team as unknown as Team<Specs>);
    return team;
  }

  /** A workload, by its key, is not to run any more: one of that name may have another contract. */
  forget(key: string): void {
    if (this.#teams.has(key)) this.#forgotten.add(key);
  }

  /** It is to run. */
  keep(key: string): void {
    this.#forgotten.delete(key);
  }

  /** The team that is known of a workload. */
  known(target: Target): Team<Specs> | undefined {
    return this.#teams.get(workloadKey(target));
  }

  /** Hears how a pod has changed. */
  take({ type, object }: Change<KubeObject>): void {
    if (object.kind !== "Pod") return;
    const namespace = object.metadata?.namespace ?? "";
    const name = object.metadata?.labels?.[LABELS.workload];
    if (name === undefined) return;
    const deleted = type === "deleted";
    this.#teams.get(workloadKey({ namespace, name }))?.take(
      podState(object as Pod, { deleted }),
      deleted,
    );
  }

  /** A term begins: teams dial their workers. */
  begin(mandate: Mandate): void {
    this.#mandate = mandate;
    this.#provided.clear();
    for (const [key, team] of this.#teams) this.#join(key.slice(0, key.indexOf("/")), team);
  }

  /** A term ends: what is asked is rejected. */
  async end(reason: Error): Promise<void> {
    this.#mandate = undefined;
    this.#certificates?.end();
    await Promise.all([...this.#teams.values()].map((team) => team.end(reason)));
  }

  /**
   * Makes sure that workers of a namespace find the keys, and certificates if they are to have some;
   * resolves when they are stored.
   *
   * @throws {NotLeadingError} when the mandate has ended
   * @throws {SecretError} when the Secret is not what a leader has made
   */
  async provideKeys(namespace: string, mandate: Mandate): Promise<KeyRing> {
    let provided = this.#provided.get(namespace);
    if (provided === undefined || this.#mandate !== mandate) {
      provided = this.#serially(async () => {
        await this.#certificates?.provide(namespace, mandate);
        return await this.#keys.ensure(mandate, { namespaces: [namespace] });
      });
      if (this.#mandate === mandate) this.#provided.set(namespace, provided);
      const failed = provided;
      failed.catch(() => {
        // in the next term it may be another one
        if (this.#provided.get(namespace) === failed) this.#provided.delete(namespace);
      });
    }
    return await provided;
  }

  /**
   * Gives coordinator and workers a new key. The workers that are connected are told; connections, and
   * what runs over them, go on. The former key stays good until the next rotation, for workers that could
   * not be told.
   *
   * @throws {NotLeadingError} when this coordinator does not lead
   */
  async rotateKey(mandate: Mandate): Promise<void> {
    const namespaces = this.#namespaces;
    await this.#serially(async () => {
      const { next } = await this.#keys.addNext(mandate, { namespaces });
      const links = [...this.#teams.values()].flatMap((team) => team.links);
      const late = anySignal([mandate.signal, AbortSignal.timeout(REREAD_MS)]);
      await Promise.allSettled(links.map((link) => link.offerKey(next, { signal: late })));
      mandate.check();
      await this.#keys.useNext(mandate, { namespaces });
    });
  }

  get #namespaces(): string[] {
    return [...new Set([...this.#teams.keys()].map((key) => key.slice(0, key.indexOf("/"))))];
  }

  /** Lets a team dial in the name of the term, as soon as there are keys. */
  #join(namespace: string, team: Team<Specs>): void {
    team.open(); // at once: keys may be long in coming
    const mandate = this.#mandate!;
    const self: Peer = {
      role: "coordinator",
      name: this.#options.coordinator,
      instance: this.#instance,
      ...(mandate.token !== undefined && { token: mandate.token }),
    };
    const isCurrent = (): boolean =>
      this.#mandate === mandate && [...this.#teams.values()].includes(team);
    this.provideKeys(namespace, mandate).then(() => {
      if (isCurrent()) team.begin(self);
    }).catch((error) => {
      if (mandate.signal.aborted || error instanceof NotLeadingError) return;
      this.#options.onError(asError(error));
      const onAbort = (): void => clearTimeout(timer);
      const timer = setTimeout(() => {
        mandate.signal.removeEventListener("abort", onAbort);
        if (isCurrent()) this.#join(namespace, team);
      }, REREAD_MS);
      mandate.signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #readAgain(): void {
    if (performance.now() - this.#reread < REREAD_MS) return;
    this.#reread = performance.now();
    this.#keys.read().catch((error) => this.#options.onError(asError(error)));
  }

  /** Writes of keys do not overlap. */
  #serially<T>(write: () => Promise<T>): Promise<T> {
    const written = this.#writing.then(write);
    this.#writing = written.catch(() => {});
    return written;
  }
}
