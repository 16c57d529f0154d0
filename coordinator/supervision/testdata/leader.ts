// One leader of several, whose writes can be held up, cut off before they are sent, or answered to nobody.
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { type MergePatch, ObjectApi, PODS } from "../../../kube/mod.ts";
import { type Head, HEAD_KINDS } from "../../heads.ts";
import { type Mandate, NotLeadingError } from "../../leadership/mandate.ts";
import { FencedWriter } from "../../workloads/fenced_writer.ts";
import type { Supervised } from "../policy.ts";
import { Supervisor } from "../supervisor.ts";
import type { SupervisedCluster, WorkloadName } from "../supervised_cluster.ts";

/** Which of a leader's writes is struck, counted from 0, and how. */
export interface Strike {
  readonly write: number;
  /** `lost`: it is never sent. `deaf`: it is, and the leader dies before the answer. `late`: see `resume`. */
  readonly how: "lost" | "deaf" | "late";
}

/** Workloads that are StatefulSets or Deployments in namespace `team`, and a supervisor of them. */
export class TestLeader implements SupervisedCluster, AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly errors: Error[] = [];
  /** Writes that were sent, as `PATCH /path`. */
  readonly writes: string[] = [];
  /** What the listener was told. */
  readonly told: string[] = [];
  /** Resolves when the strike has hit. */
  readonly struck = Promise.withResolvers<void>();
  now = 1_000;
  readonly #client: RestClient;
  readonly #workloads: readonly (Supervised & { kind: "StatefulSet" | "Deployment" })[];
  readonly #heads = new Map<string, Head>();
  readonly #writer: FencedWriter;
  readonly #end = new AbortController();
  readonly #resume = Promise.withResolvers<void>();
  readonly #mandate: Mandate;
  #asked = 0;
  #dead = false;

  constructor(
    client: RestClient,
    workloads: readonly (Supervised & { kind: "StatefulSet" | "Deployment" })[],
    { token, strike }: { token: number; strike?: Strike },
  ) {
    this.#workloads = workloads;
    this.#client = {
      performRequest: async (options: RequestOptions) => {
        if (this.#dead) throw new Error("dead");
        // a request that is on its way is not taken back when the leader is deposed
        const sent = { ...options, abortSignal: undefined };
        if (options.method === "GET") return await client.performRequest(sent);
        const strikes = this.#asked++ === strike?.write;
        if (strikes) this.struck.resolve();
        if (strikes && strike?.how === "late") await this.#resume.promise;
        if (strikes && strike?.how === "lost") await this.#die();
        this.writes.push(`${options.method} ${options.path}`);
        const answer = await client.performRequest(sent);
        if (strikes && strike?.how === "deaf") await this.#die();
        return answer;
      },
    } as RestClient;
    this.#writer = new FencedWriter(this.#client, "boss");
    this.#mandate = {
      token,
      signal: this.#end.signal,
      check: () => this.#end.signal.throwIfAborted(),
    };
    const told = (what: string) => (fact: { workload: string; pod?: string; pods?: unknown }) =>
      void this.told.push(`${what} ${fact.workload}${fact.pod ? ` ${fact.pod}` : ""}`);
    this.supervisor = new Supervisor({
      client: this.#client,
      coordinator: "boss",
      cluster: this,
      listener: {
        escalated: told("escalated"),
        quarantined: told("quarantined"),
        stopped: told("stopped"),
        restarted: told("restarted"),
      },
      onError: (error) => this.errors.push(error),
      clock: () => ({ now: this.now, time: "T" }),
    });
  }

  /** Claims the heads and begins; what was noticed by then is dealt with. */
  async begin(): Promise<void> {
    await this.refresh();
    const clean = new FencedWriter(this.#unstruck(), "boss");
    for (const workload of this.#workloads) {
      await clean.write(
        this.#target(workload),
        this.#mandate,
        (live) => live && { verb: "merge", patch: {} },
      );
    }
    await this.refresh();
    this.supervisor.begin(this.#mandate);
    await this.settled();
  }

  /** Looks at the cluster as it is now, and waits until all that follows is done. */
  async look(): Promise<void> {
    await this.refresh();
    for (const workload of this.#workloads) this.supervisor.look(workload);
    await this.settled();
  }

  /** Resolves when there is nothing to do, or when the strike has hit. */
  async settled(): Promise<void> {
    await Promise.race([this.supervisor.idle(), this.struck.promise]);
  }

  /** The leader learns that it is deposed. */
  depose(): void {
    this.#end.abort(new NotLeadingError("go on", { why: "over" }));
  }

  /** Lets a late write go on; resolves when nothing is under way. */
  async resume(): Promise<void> {
    this.#resume.resolve();
    await this.supervisor.close();
  }

  async refresh(): Promise<void> {
    for (const workload of this.#workloads) {
      const head = await this.read(workload);
      if (head) this.#heads.set(workload.name, head);
      else this.#heads.delete(workload.name);
    }
  }

  supervised(): readonly Supervised[] {
    return this.#workloads;
  }

  async pods(): Promise<readonly Pod[]> {
    const api = new ObjectApi(this.#client, PODS, "team");
    return await api.list({ labelSelector: "troupe.dev/coordinator=boss" });
  }

  head({ name }: WorkloadName): Head | undefined {
    return this.#heads.get(name);
  }

  async read({ name }: WorkloadName): Promise<Head | undefined> {
    const target = this.#target({ name });
    return await new ObjectApi(this.#client, target.kind, "team").get(name);
  }

  async amend(
    workload: WorkloadName,
    mandate: Mandate,
    decide: (live: Head) => MergePatch,
  ): Promise<Head | undefined> {
    return await this.#writer.write(
      this.#target(workload),
      mandate,
      (live) => live && { verb: "merge", patch: decide(live) },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dead = true;
    this.depose();
    await this.resume();
  }

  #unstruck(): RestClient {
    return {
      performRequest: async (options: RequestOptions) => {
        const asked = this.#asked;
        this.#asked = -1;
        try {
          return await this.#client.performRequest(options);
        } finally {
          this.#asked = asked;
          if (options.method !== "GET") this.writes.pop();
        }
      },
    } as RestClient;
  }

  #target({ name }: { name: string }) {
    const { kind } = this.#workloads.find((one) => one.name === name)!;
    return { kind: HEAD_KINDS[kind], namespace: "team", name };
  }

  #die(): Promise<never> {
    this.#dead = true;
    this.depose();
    return Promise.reject(new Error("dead"));
  }
}
