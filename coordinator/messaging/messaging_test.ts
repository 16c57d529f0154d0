import {
  deepStrictEqual,
  notStrictEqual,
  ok,
  rejects,
  strictEqual,
  throws,
} from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RequestOptions } from "@cloudydeno/kubernetes-client";
import { FakeTime } from "@std/testing/time";
import { plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { contract, KeyRing } from "../../messaging/mod.ts";
import { until } from "../../messaging/session/testdata/sides.ts";
import type { ClusterView } from "../cluster_view.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { Messaging } from "./messaging.ts";
import { greeter, greeterPod, MemoryWorkers } from "./testdata/memory_workers.ts";

const GREETER = { name: "greeter", namespace: "team" };

class Term implements Mandate {
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;

  constructor(readonly token: number) {}

  check(): void {
    this.signal.throwIfAborted();
  }

  end(): void {
    this.#controller.abort(new NotLeadingError("go on"));
  }
}

class Scene implements AsyncDisposable {
  readonly workers: MemoryWorkers;
  readonly messaging: Messaging;
  readonly errors: string[] = [];
  /** Requests that were sent, as verb and path. */
  readonly requests: string[] = [];
  /** Refuses requests. */
  failure: Error | undefined;
  readonly #stack: AsyncDisposableStack;
  readonly #client: Transport;
  stored: string | undefined;

  private constructor(stack: AsyncDisposableStack, client: Transport, pods: string[]) {
    this.#stack = stack;
    this.#client = client;
    this.workers = new MemoryWorkers(() => KeyRing.parse(this.stored!));
    const store = new Map(pods.map((name) => [name, greeterPod(name)]));
    this.messaging = new Messaging({
      client: {
        performRequest: async (options: RequestOptions) => {
          this.requests.push(`${options.method} ${options.path}`);
          if (this.failure) throw this.failure;
          return await client.performRequest(options);
        },
        openSocket: () => Promise.reject(new Error("nobody dials by this")),
      } as never,
      coordinator: "boss",
      namespace: "team",
      view: { namespace: () => ({ pods: { store } }) } as unknown as ClusterView,
      via: "direct",
      inCluster: true,
      dial: async (pod) => {
        this.stored ??= await this.keys();
        return await this.workers.dial(pod);
      },
      onError: ({ message }) => this.errors.push(message),
    });
  }

  static async start(...pods: string[]): Promise<Scene> {
    await using stack = new AsyncDisposableStack();
    const config = plainClusterConfig(stack.use(await ApiServer.start()).url);
    const client = stack.use(new Transport(config, { budget: { perSecond: 1e4, burst: 1e4 } }));
    for (const name of ["team", "other"]) {
      await new CoreV1Api(client).createNamespace({ metadata: { name } });
    }
    return new Scene(stack.move(), client, pods);
  }

  /** The keys as they are stored. */
  async keys(namespace = "team"): Promise<string> {
    const secret = await new CoreV1Api(this.#client).namespace(namespace)
      .getSecret("troupe-boss-key");
    return atob(secret.data!.keys!);
  }

  ready(): number {
    const workers = this.messaging.known(GREETER)?.group.workers ?? [];
    return workers.filter(({ state }) => state === "ready").length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.messaging.end(new Error("over"));
    await this.workers[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }
}

Deno.test("Messaging.team() is one for a workload, with one contract", async () => {
  await using scene = await Scene.start();
  const { messaging } = scene;
  strictEqual(messaging.known(GREETER), undefined);
  const team = messaging.team(GREETER, greeter);
  strictEqual(messaging.team(GREETER, greeter), team);
  strictEqual(messaging.known(GREETER) as unknown, team);
  notStrictEqual(messaging.team({ ...GREETER, namespace: "other" }, greeter) as unknown, team);
  throws(() => messaging.team(GREETER, contract("other", {})), {
    name: "TypeError",
    message: 'Cannot use contract "other" for "greeter": it has contract "greeter" here already',
  });
  deepStrictEqual(scene.requests, []); // who does not lead sends nothing
});

Deno.test("Messaging talks to pods that are there and that come, in a term, with stored keys", async () => {
  await using scene = await Scene.start("a");
  const { messaging } = scene;
  const { group } = messaging.team(GREETER, greeter);
  messaging.take({ type: "added", replayed: false, object: greeterPod("b") });
  deepStrictEqual(scene.workers.dialed, []);
  messaging.begin(new Term(1));
  await until(() => scene.ready() === 2);
  messaging.take({ type: "added", replayed: false, object: greeterPod("c") });
  await until(() => scene.ready() === 3);
  messaging.take({ type: "deleted", replayed: false, object: greeterPod("a") });
  deepStrictEqual(group.workers.map(({ worker }) => worker.name), ["b", "c"]);
  ok(["b", "c"].includes(await group.ask("who", undefined)));
  deepStrictEqual(scene.errors, []);
});

Deno.test("Messaging.provideKeys() writes once in a term and namespace, and again if it has failed", async () => {
  await using scene = await Scene.start();
  const { messaging, requests } = scene;
  const term = new Term(1);
  messaging.begin(term);
  scene.failure = new Error("no answer");
  await rejects(messaging.provideKeys("team", term), /no answer/);
  scene.failure = undefined;
  const [ring] = await Promise.all(["team", "other", "team"].map((name) => {
    return messaging.provideKeys(name, term);
  }));
  deepStrictEqual(ring!.ids, KeyRing.parse(await scene.keys("other")).ids);
  const sent = requests.length;
  await messaging.provideKeys("team", term);
  strictEqual(requests.length, sent);
  // a new term claims them, so that the former one can write no more
  term.end();
  const next = new Term(2);
  messaging.begin(next);
  await messaging.provideKeys("team", next);
  ok(requests.length > sent);
  await rejects(messaging.provideKeys("team", term), NotLeadingError);
});

Deno.test("Messaging.begin() goes on trying until there are keys", async () => {
  await using scene = await Scene.start("a");
  const { messaging } = scene;
  messaging.team(GREETER, greeter);
  scene.failure = new Error("no answer");
  {
    using time = new FakeTime();
    messaging.begin(new Term(1));
    await until(() => scene.errors.length === 1);
    scene.failure = undefined;
    await time.tickAsync(5_000);
  }
  await until(() => scene.ready() === 1);
  deepStrictEqual(scene.errors, ["no answer"]);
});

Deno.test("Messaging.rotateKey() tells connected workers the key before it is the current one", async () => {
  await using scene = await Scene.start("a", "b");
  const { messaging, workers } = scene;
  const { group } = messaging.team(GREETER, greeter);
  const term = new Term(1);
  messaging.begin(term);
  await until(() => scene.ready() === 2);
  const before = KeyRing.parse(await scene.keys());
  const held = group.ask("hold", undefined);
  await messaging.rotateKey(term);
  const after = KeyRing.parse(await scene.keys());
  deepStrictEqual(after.ids.slice(1), before.ids);
  for (const name of ["a", "b"]) ok(workers.keysOf(name).includes(after.current.kid));
  strictEqual(workers.dialed.length, 2); // connections live on
  workers.release.resolve();
  ok(["a", "b"].includes(await held));
  workers.cut("a");
  await until(() => workers.dialed.length === 3 && scene.ready() === 2);
  // the next rotation drops the first key, and who knows the second one is still known
  await messaging.rotateKey(term);
  workers.cut("b");
  await until(() => workers.dialed.length === 4 && scene.ready() === 2);
  deepStrictEqual(scene.errors, []);
});

Deno.test("Messaging.team() takes another contract for a workload that was deleted", async () => {
  await using scene = await Scene.start("a");
  const { messaging } = scene;
  const former = messaging.team(GREETER, greeter);
  const waits = rejects(
    former.group.ask("who", undefined),
    /^Error: Cannot ask workers of "greeter": it has another contract$/,
  );
  messaging.forget("team/greeter");
  strictEqual(messaging.team(GREETER, greeter), former); // what hears its events goes on
  const other = contract("other", {});
  messaging.keep("team/greeter");
  throws(() => messaging.team(GREETER, other), TypeError);
  messaging.begin(new Term(1)); // its keys are still to come
  messaging.forget("team/greeter");
  const team = messaging.team(GREETER, other);
  await waits;
  await messaging.provideKeys("team", new Term(1)).catch(() => {});
  await until(() => team.links.length === 1);
  strictEqual(former.links.length, 0);
  throws(() => messaging.team(GREETER, greeter), TypeError);
});
