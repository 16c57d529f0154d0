import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api, type Secret } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { KeyRing } from "../../messaging/mod.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { KeyStore } from "./key_store.ts";
import { SecretError } from "./owned_secret.ts";

function term(token?: number): Mandate {
  return { token, signal: new AbortController().signal, check: () => {} };
}

/** An API server with namespaces `team` and `other`, and stores as several processes have them. */
class Scene implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #client: Transport;
  /** Called before each write, once it is past all checks. */
  beforeWrite: (options: RequestOptions) => Promise<void> = () => Promise.resolve();
  readonly requests: string[] = [];

  private constructor(stack: AsyncDisposableStack, client: Transport) {
    this.#stack = stack;
    this.#client = client;
  }

  static async start(): Promise<Scene> {
    await using stack = new AsyncDisposableStack();
    const config = plainClusterConfig(stack.use(await ApiServer.start()).url);
    const client = stack.use(new Transport(config, { budget: { perSecond: 1e4, burst: 1e4 } }));
    for (const name of ["team", "other"]) {
      await new CoreV1Api(client).createNamespace({ metadata: { name } });
    }
    return new Scene(stack.move(), client);
  }

  store(): KeyStore {
    const client = {
      performRequest: async (options: RequestOptions) => {
        this.requests.push(options.method);
        if (options.method !== "GET") await this.beforeWrite(options);
        return await this.#client.performRequest(options);
      },
    } as RestClient;
    return new KeyStore({ client, coordinator: "boss", namespace: "team" });
  }

  core(namespace = "team"): ReturnType<CoreV1Api["namespace"]> {
    return new CoreV1Api(this.#client).namespace(namespace);
  }

  async secret(namespace?: string): Promise<Secret> {
    return await this.core(namespace).getSecret("troupe-boss-key");
  }

  async ids(namespace?: string): Promise<readonly string[]> {
    return KeyRing.parse(atob((await this.secret(namespace)).data!.keys!)).ids;
  }

  async edit(data: Record<string, string>, labels?: Record<string, string>): Promise<void> {
    const patch = { data, ...(labels && { metadata: { labels } }) };
    await this.core().patchSecret("troupe-boss-key", "json-merge", patch);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

Deno.test("KeyStore.ensure() makes a key once, whoever else does so at the same time", async () => {
  await using scene = await Scene.start();
  strictEqual(await scene.store().read(), undefined);
  const [a, b] = [scene.store(), scene.store()];
  const [first, second] = await Promise.all([a.ensure(term()), b.ensure(term())]);
  strictEqual(first.toText(), second.toText());
  const { metadata, data } = await scene.secret();
  deepStrictEqual({ ...metadata!.labels }, {
    "app.kubernetes.io/managed-by": "troupe",
    "app.kubernetes.io/name": "boss",
    "troupe.dev/coordinator": "boss",
  });
  deepStrictEqual(Object.keys(data!), ["keys"]);
  strictEqual((await scene.store().read())!.toText(), first.toText());
  strictEqual((await a.ensure(term())).toText(), first.toText());
});

Deno.test("KeyStore.read() asks once for all who ask meanwhile, and anew after that", async () => {
  await using scene = await Scene.start();
  const leader = scene.store();
  await leader.ensure(term());
  const follower = scene.store();
  scene.requests.length = 0;
  await Promise.all([follower.read(), follower.read(), follower.read()]);
  strictEqual(scene.requests.length, 1);
  const { next } = await leader.addNext(term());
  strictEqual(follower.ring!.get(next.kid), undefined);
  deepStrictEqual((await follower.read())!.get(next.kid), next);
  deepStrictEqual(follower.ring!.ids, leader.ring!.ids);
});

Deno.test("KeyStore rotates in two steps, and keeps the former key until the next rotation", async () => {
  await using scene = await Scene.start();
  const store = scene.store();
  const first = (await store.ensure(term(1))).current;
  const { ring, next } = await store.addNext(term(1));
  deepStrictEqual(ring.ids, [first.kid, next.kid]);
  deepStrictEqual(await scene.ids(), ring.ids);
  deepStrictEqual((await store.useNext(term(1))).ids, [next.kid, first.kid]);
  deepStrictEqual(await scene.ids(), [next.kid, first.kid]);
  const { next: third } = await store.addNext(term(1));
  deepStrictEqual(await scene.ids(), [next.kid, third.kid]);
  deepStrictEqual((await store.useNext(term(1))).ids, [third.kid, next.kid]);
});

Deno.test("KeyStore goes on with a rotation that an earlier leader has begun", async () => {
  await using scene = await Scene.start();
  const [a, b] = [scene.store(), scene.store()];
  const { current } = await a.ensure(term(1));
  const { next } = await a.addNext(term(1));
  deepStrictEqual((await b.addNext(term(2))).next, next);
  deepStrictEqual((await b.useNext(term(2))).ids, [next.kid, current.kid]);
  deepStrictEqual((await b.useNext(term(2))).ids, [next.kid, current.kid]);
});

Deno.test("KeyStore refuses writes of an earlier leader, however late they arrive", async () => {
  await using scene = await Scene.start();
  const [deposed, leader] = [scene.store(), scene.store()];
  const { ids } = await deposed.ensure(term(1));
  let claimed: KeyRing | undefined;
  scene.beforeWrite = async () => {
    scene.beforeWrite = () => Promise.resolve();
    claimed = await leader.ensure(term(2)); // before the write of term 1 arrives
  };
  await rejects(deposed.addNext(term(1)), NotLeadingError);
  deepStrictEqual(claimed!.ids, ids);
  deepStrictEqual(await scene.ids(), ids);
});

Deno.test("KeyStore copies what it stores to other namespaces, after its own", async () => {
  await using scene = await Scene.start();
  const store = scene.store();
  const namespaces = ["other", "team"];
  const ring = await store.ensure(term(1), { namespaces });
  deepStrictEqual(await scene.ids("other"), ring.ids);
  // a copy that could not be written is written by the next step
  scene.beforeWrite = ({ path }) =>
    path.includes("/other/") ? Promise.reject(new Error("cut off")) : Promise.resolve();
  await rejects(store.addNext(term(1), { namespaces }), /cut off/);
  deepStrictEqual(await scene.ids("other"), ring.ids);
  notStrictEqual((await scene.ids()).length, 1);
  scene.beforeWrite = () => Promise.resolve();
  const { ring: both } = await store.addNext(term(1), { namespaces });
  deepStrictEqual(await scene.ids("other"), both.ids);
  const used = await store.useNext(term(1), { namespaces });
  deepStrictEqual(await scene.ids("other"), used.ids);
});

Deno.test("KeyStore does not touch a Secret that somebody else has made", async () => {
  await using scene = await Scene.start();
  await scene.core().createSecret({
    metadata: { name: "troupe-boss-key" },
    data: { keys: btoa("mine") },
  });
  for (const attempt of [scene.store().read(), scene.store().ensure(term(1))]) {
    await rejects(attempt, {
      name: "SecretError",
      message: 'Cannot use Secret "troupe-boss-key" in namespace "team": its label ' +
        '"troupe.dev/coordinator" is not "boss"; somebody else has made it',
    });
  }
  strictEqual((await scene.secret()).data!.keys, btoa("mine"));
});

Deno.test("KeyStore tells nothing of what a Secret holds that it cannot read", async () => {
  await using scene = await Scene.start();
  const store = scene.store();
  const secret = (await store.ensure(term())).toText();
  const k = JSON.parse(secret).keys[0].k;
  for (const data of [{ keys: btoa(secret.slice(1)) }, { keys: btoa(k) }, { keys: "" }]) {
    await scene.edit(data);
    for (const attempt of [scene.store().read(), store.ensure(term())]) {
      const error = await attempt.then(() => undefined, (e) => e);
      ok(error instanceof SecretError);
      for (const shown of [Deno.inspect(error), error.stack!]) {
        ok(!shown.includes(k) && !shown.includes(btoa(k)), shown);
      }
    }
  }
});
