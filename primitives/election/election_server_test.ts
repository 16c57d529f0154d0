// Elections on an API server: the embedded one, or with TROUPE_TEST_CLUSTER=1 that of KUBECONFIG.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CoordinationV1Api } from "@cloudydeno/kubernetes-apis/coordination.k8s.io/v1";
import { loadClusterConfig, plainClusterConfig, Transport } from "../../kube/mod.ts";
import { ApiServer } from "../../local/apiserver/mod.ts";
import { systemClock } from "../clock.ts";
import { Election } from "./election.ts";
import { LeaseClient } from "./lease_client.ts";
import { leaseToWrite, toLeaseRecord } from "./lease_record.ts";
import type { Term } from "./term.ts";

const REAL = Deno.env.get("TROUPE_TEST_CLUSTER") === "1";

/** A Lease of its own on an API server, and candidates with a transport each. */
class Stage implements AsyncDisposable {
  readonly name = `election-${crypto.randomUUID().slice(0, 8)}`;
  readonly #stack: AsyncDisposableStack;
  readonly #client: () => Promise<Transport>;
  readonly leases: ReturnType<CoordinationV1Api["namespace"]>;

  private constructor(
    stack: AsyncDisposableStack,
    client: () => Promise<Transport>,
    admin: Transport,
  ) {
    this.#stack = stack;
    this.#client = client;
    this.leases = new CoordinationV1Api(admin).namespace("default");
    stack.defer(() => this.leases.deleteLease(this.name).then(() => {}, () => {}));
  }

  static async start(): Promise<Stage> {
    await using stack = new AsyncDisposableStack();
    const config = REAL
      ? await loadClusterConfig()
      : plainClusterConfig(stack.use(await ApiServer.start()).url);
    const transports = stack.adopt([] as Transport[], async (all) => {
      await Promise.all(all.map((it) => it.close()));
    });
    const client = () => {
      transports.push(new Transport(config));
      return Promise.resolve(transports.at(-1)!);
    };
    const admin = await client();
    return new Stage(stack.move(), client, admin);
  }

  async candidate(identity: string): Promise<Election> {
    const { name } = this;
    const election = new Election(await this.#client(), { namespace: "default", name, identity });
    this.#stack.defer(() => election.close());
    election.onError((error) => console.error(error));
    election.start();
    return election;
  }

  async client(): Promise<LeaseClient> {
    return new LeaseClient(await this.#client(), {
      namespace: "default",
      name: this.name,
      requestTimeout: 20_000,
      clock: systemClock,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Resolves with the next term of one of them, or the present one. */
async function nextTerm(elections: Iterable<Election>): Promise<{ term: Term; of: Election }> {
  const { promise, resolve } = Promise.withResolvers<{ term: Term; of: Election }>();
  const removes = [...elections].map((of) => {
    if (of.term) resolve({ term: of.term, of });
    return of.onEvent((event) => {
      if (event.type === "leading") resolve({ term: event.term, of });
    });
  });
  const found = await promise;
  removes.forEach((remove) => remove());
  return found;
}

/** Resolves when all of them know who leads. */
async function allFollow(elections: Iterable<Election>, leader: string): Promise<void> {
  for (const election of elections) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => election.leader === leader && resolve();
    const remove = election.onEvent(look);
    look();
    await promise;
    remove();
  }
}

Deno.test("Election hands over on a server in well under a second, with tokens that grow", async () => {
  await using stage = await Stage.start();
  const elections = new Set<Election>();
  for (const name of ["a", "b", "c"]) elections.add(await stage.candidate(name));
  const times: number[] = [];
  let token = 0;
  for (let i = 0; i < 12; i++) {
    const { term, of } = await nextTerm(elections);
    ok(term.token > token, `${term.token} after ${token}`);
    token = term.token;
    const { metadata, spec } = await stage.leases.getLease(stage.name);
    strictEqual(metadata!.resourceVersion, String(token));
    deepStrictEqual([spec!.holderIdentity, spec!.leaseTransitions], [of.identity, i]);
    await allFollow(elections, of.identity);
    elections.delete(of);
    const next = nextTerm(elections);
    const start = performance.now();
    const closed = of.close();
    await next;
    times.push(performance.now() - start);
    await closed;
    strictEqual(term.signal.aborted, true);
    elections.add(await stage.candidate(`d${i}`));
  }
  times.sort((a, b) => a - b);
  ok(times[6]! < 500, `median ${times[6]} ms`); // some 40 ms on a machine that is not busy
});

Deno.test("Election makes a Lease again that was deleted on a server", async () => {
  await using stage = await Stage.start();
  const election = await stage.candidate("a");
  const { term } = await nextTerm([election]);
  const before = await stage.leases.getLease(stage.name);
  await stage.leases.deleteLease(stage.name);
  let after = before;
  while (after.metadata!.uid === before.metadata!.uid) {
    after = await stage.leases.getLease(stage.name).catch(() => before);
  }
  strictEqual(after.spec!.holderIdentity, "a");
  strictEqual(election.term, term);
});

Deno.test("LeaseClient.write() changes and creates nothing on a server when the Lease is not as it was read", async () => {
  await using stage = await Stage.start();
  const client = await stage.client();
  const { signal } = new AbortController();
  const writer = {
    namespace: "default",
    name: stage.name,
    identity: "me",
    instance: "i",
    leaseDuration: 8_000,
    labels: {},
  };
  strictEqual(await client.read(signal), undefined);
  const create = leaseToWrite("acquire", { date: new Date() }, writer);
  const first = toLeaseRecord((await client.write(create, signal))!);
  strictEqual(await client.write(create, signal), undefined); // exists
  const renew = leaseToWrite("renew", { lease: first, date: new Date() }, writer);
  const second = toLeaseRecord((await client.write(renew, signal))!);
  ok(second.version > first.version);
  strictEqual(await client.write(renew, signal), undefined); // has changed
  const release = leaseToWrite("release", { lease: second, date: new Date() }, writer);
  await stage.leases.deleteLease(stage.name);
  strictEqual(await client.write(release, signal), undefined); // is gone
  strictEqual(await client.read(signal), undefined);
  const again = toLeaseRecord((await client.write(create, signal))!);
  ok(again.version > second.version);
  strictEqual(await client.write(release, signal), undefined); // is another
  strictEqual((await client.read(signal))!.spec!.holderIdentity, "me");
});
