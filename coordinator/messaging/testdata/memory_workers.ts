import { toPod } from "@cloudydeno/kubernetes-apis/core/v1";
import type { Pod } from "@cloudydeno/kubernetes-apis/core/v1";
import { z } from "zod";
import {
  Acceptor,
  Callee,
  type Contract,
  contract,
  implementation,
  type KeyRing,
  type MemorySocket,
  memorySockets,
  negotiationOf,
  type RosterEntry,
} from "../../../messaging/mod.ts";
import type { PodState } from "../../events/events.ts";
import { podState } from "../../events/pod_state.ts";

/** What the workers of these tests can be asked. */
export const greeter = contract("greeter", {
  who: { input: z.void(), output: z.string() },
  hold: { input: z.void(), output: z.string() },
});

/** A pod of the greeter. */
export function greeterPod(
  name: string,
  { ready = true, ip = "10.0.0.1", tls = false, deleted = false } = {},
): Pod {
  const ports = [{ name: "main", containerPort: 8080 }];
  if (tls) ports.push({ name: "troupe-tls", containerPort: 8443 });
  return toPod({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "team",
      uid: `uid-${name}`,
      labels: { "troupe.dev/workload": "greeter" },
      ...(deleted && { deletionTimestamp: "2030-01-01T00:00:00Z" }),
    },
    spec: {
      containers: [{ name: "worker", ports, readinessProbe: { tcpSocket: { port: 8080 } } }],
    },
    status: {
      phase: "Running",
      podIP: ip,
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [{
        name: "worker",
        image: "i",
        imageID: "",
        ready,
        restartCount: 0,
        state: { running: { startedAt: "2030-01-01T00:00:00Z" } },
      }],
    },
  });
}

/** Its state. */
export function greeterState(...args: Parameters<typeof greeterPod>): PodState {
  return podState(greeterPod(...args));
}

/** Workers in memory that are there as soon as somebody dials them. */
export class MemoryWorkers implements AsyncDisposable {
  /** Who was dialed, where. */
  readonly dialed: string[] = [];
  /** What each was told last of its peers. */
  readonly rosters = new Map<string, readonly RosterEntry[]>();
  /** Lets what is held go on. */
  readonly release: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Why nobody can be dialed. */
  failure: Error | undefined;
  readonly #keys: () => KeyRing;
  readonly #acceptors = new Map<string, Acceptor>();
  readonly #callees: Callee[] = [];
  readonly #sockets = new Map<string, MemorySocket>();

  /** They have the keys of the moment in which they start. */
  constructor(keys: () => KeyRing) {
    this.#keys = keys;
  }

  /** See `TeamContext.dial`. */
  readonly dial = ({ name, podIP }: PodState): Promise<MemorySocket> => {
    this.dialed.push(`${name} ${podIP}`);
    if (this.failure) return Promise.reject(this.failure);
    let acceptor = this.#acceptors.get(name);
    if (acceptor === undefined) this.#acceptors.set(name, acceptor = this.#start(name));
    const [near, far] = memorySockets();
    this.#sockets.set(name, near);
    void acceptor.accept(far);
    return Promise.resolve(near);
  };

  /** Cuts the connection to one. */
  cut(name: string): void {
    this.#sockets.get(name)?.cut();
  }

  /** The ids of the keys that one has. */
  keysOf(name: string): readonly string[] {
    return this.#acceptors.get(name)?.keys.ids ?? [];
  }

  #start(name: string): Acceptor {
    const callee = new Callee(
      implementation(greeter, {
        who: () => name,
        hold: async () => {
          await this.release.promise;
          return name;
        },
      }),
      { onRoster: (workers) => void this.rosters.set(name, workers) },
    );
    this.#callees.push(callee);
    return new Acceptor({
      self: { name, instance: name },
      keys: this.#keys(),
      negotiation: negotiationOf(greeter as unknown as Contract),
      limits: { ...callee.limits, frameBytes: 1024 * 1024 },
      onChannel: (channel) => callee.attach(channel.callee),
      onSessionEnd: (session) => callee.fence(session, "it is over"),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release.resolve();
    await Promise.all(this.#acceptors.values().map((acceptor) => acceptor.close()));
    for (const callee of this.#callees) callee.close();
  }
}
