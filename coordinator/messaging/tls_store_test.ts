import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { CoreV1Api } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { isSignedBy, validityOf } from "./certificates.ts";
import { AUTHORITY_TIME, CERTIFICATE_TIME, TlsStore } from "./tls_store.ts";

const HOUR = 3_600_000;

function term(token?: number): Mandate {
  return { token, signal: new AbortController().signal, check: () => {} };
}

class Scene implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #client: Transport;
  now = Date.parse("2030-01-01T00:00:00Z");
  /** Called before each write, once it is past all checks. */
  beforeWrite: () => Promise<void> = () => Promise.resolve();

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

  store(): TlsStore {
    const client = {
      performRequest: async (options: RequestOptions) => {
        if (options.method !== "GET") await this.beforeWrite();
        return await this.#client.performRequest(options);
      },
    } as RestClient;
    return new TlsStore({ client, coordinator: "boss", namespace: "team", now: () => this.now });
  }

  /** The content of a Secret, as texts. */
  async texts(kind: "ca" | "tls", namespace = "team"): Promise<Record<string, string>> {
    const core = new CoreV1Api(this.#client).namespace(namespace);
    const { data } = await core.getSecret(`troupe-boss-${kind}`);
    return Object.fromEntries(Object.entries(data!).map(([key, value]) => [key, atob(value)]));
  }

  async edit(kind: "ca" | "tls", data: Record<string, string>): Promise<void> {
    const core = new CoreV1Api(this.#client).namespace("team");
    await core.patchSecret(`troupe-boss-${kind}`, "json-merge", { data });
  }

  async names(namespace: string): Promise<string[]> {
    const { items } = await new CoreV1Api(this.#client).namespace(namespace).getSecretList();
    return items.map(({ metadata }) => metadata!.name!).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

Deno.test("TlsStore.ensure() makes an authority, and a certificate in each namespace", async () => {
  await using scene = await Scene.start();
  strictEqual(await scene.store().read(), undefined);
  const trust = await scene.store().ensure(term(1), { namespaces: ["other", "team"] });
  const [ca, tls] = [await scene.texts("ca"), await scene.texts("tls")];
  deepStrictEqual(trust, {
    caCerts: [ca["ca.crt"]],
    serverName: "workers.boss.troupe.internal",
    renewAt: scene.now - HOUR + CERTIFICATE_TIME * 2 / 3,
  });
  ok(await isSignedBy(tls["tls.crt"]!, ca["ca.crt"]!));
  deepStrictEqual(Object.keys(tls).sort(), ["ca.crt", "tls.crt", "tls.key"]);
  deepStrictEqual(await scene.texts("tls", "other"), tls);
  // the authority's private key stays where the coordinator is, and no worker's Secret has it
  deepStrictEqual(await scene.names("other"), ["troupe-boss-tls"]);
  ok(!Object.values(tls).includes(ca["ca.key"]!));
  const { renewAt: _, ...read } = trust;
  deepStrictEqual(await scene.store().read(), read);
});

Deno.test("TlsStore.ensure() leaves what is good as it is, and renews at two thirds", async () => {
  await using scene = await Scene.start();
  const { renewAt } = await scene.store().ensure(term(1));
  const [ca, tls] = [await scene.texts("ca"), await scene.texts("tls")];
  scene.now = renewAt - 1_000;
  await scene.store().ensure(term(2));
  deepStrictEqual(await scene.texts("tls"), tls);
  scene.now = renewAt + 1_000;
  const trust = await scene.store().ensure(term(2), { namespaces: ["other"] });
  const renewed = await scene.texts("tls", "other");
  notStrictEqual(renewed["tls.crt"], tls["tls.crt"]);
  notStrictEqual(renewed["tls.key"], tls["tls.key"]);
  deepStrictEqual(await scene.texts("ca"), ca);
  ok((await validityOf(renewed["tls.crt"]!)).until > scene.now + CERTIFICATE_TIME - 2 * HOUR);
  ok(trust.renewAt > renewAt);
});

Deno.test("TlsStore.ensure() trusts the former authority too when it renews the authority", async () => {
  await using scene = await Scene.start();
  await scene.store().ensure(term(1));
  const [ca, tls] = [await scene.texts("ca"), await scene.texts("tls")];
  scene.now += AUTHORITY_TIME * 0.67;
  const { caCerts } = await scene.store().ensure(term(1));
  strictEqual(caCerts.length, 2);
  strictEqual(caCerts[1], ca["ca.crt"]);
  ok(await isSignedBy(tls["tls.crt"]!, caCerts[1]!)); // of workers that run on
  ok(await isSignedBy((await scene.texts("tls"))["tls.crt"]!, caCerts[0]!));
});

Deno.test("TlsStore.ensure() ends with one authority, whoever else makes one at the same time", async () => {
  await using scene = await Scene.start();
  const [a, b] = await Promise.all([scene.store().ensure(term()), scene.store().ensure(term())]);
  deepStrictEqual(a, b);
  const [ca, tls] = [await scene.texts("ca"), await scene.texts("tls")];
  deepStrictEqual(a.caCerts, [ca["ca.crt"]]);
  ok(await isSignedBy(tls["tls.crt"]!, ca["ca.crt"]!));
});

Deno.test("TlsStore.ensure() refuses writes of an earlier leader, however late they arrive", async () => {
  await using scene = await Scene.start();
  await scene.store().ensure(term(1));
  scene.now += CERTIFICATE_TIME * 0.7;
  scene.beforeWrite = async () => {
    scene.beforeWrite = () => Promise.resolve();
    await scene.store().ensure(term(2));
  };
  const { "tls.crt": before } = await scene.texts("tls");
  await rejects(scene.store().ensure(term(1)), NotLeadingError);
  notStrictEqual((await scene.texts("tls"))["tls.crt"], before);
});

Deno.test("TlsStore.ensure() makes no other authority in place of one that it cannot read", async () => {
  await using scene = await Scene.start();
  await scene.store().ensure(term(1));
  const { "ca.key": key } = await scene.texts("ca");
  await scene.edit("ca", { "ca.crt": btoa("nonsense") });
  const error: Error = await scene.store().ensure(term(1)).then(() => {}, (e) => e);
  strictEqual(
    error.message,
    'Cannot use Secret "troupe-boss-ca" in namespace "team": its "ca.crt" is no certificate',
  );
  ok(!Deno.inspect(error).includes(key!.split("\n")[1]!));
  // a worker's certificate is only made anew
  await scene.edit("ca", { "ca.crt": btoa((await scene.texts("tls"))["ca.crt"]!) });
  await scene.edit("tls", { "tls.crt": btoa("nonsense") });
  const { caCerts } = await scene.store().ensure(term(1));
  ok(await isSignedBy((await scene.texts("tls"))["tls.crt"]!, caCerts[0]!));
});
