/**
 * What a lock costs, on the control plane that `KUBECONFIG` names (or an embedded API server), beside a lock of client-go's way on a
 * Lease, and etcd's own lock on the same etcd (`TROUPE_BENCH_ETCD`, the address of its client port).
 *
 * `uncontended`: taken and given back, by one process. `16 contend`: each of 16 takes it four times, holds it
 * for no time and gives it back; so an iteration is 64 hand-overs. How long one of them takes, from when it
 * is to be given back to when the next one has it, is printed at the end.
 */
import { type Hold, Primitives } from "../mod.ts";
import { benchCluster } from "../../tests/support/bench_cluster.ts";
import { EtcdPeer } from "../../tests/support/etcd_peer.ts";
import { LeaseLockPeer } from "../../tests/support/lease_lock_peer.ts";
import { Spread } from "../../tests/support/spread.ts";

const CONTENDERS = 16;

const ROUNDS = 4;

const { client, namespace, etcd } = await benchCluster();

/** Lets all take a lock again and again. */
async function contend<T>(
  locks: { lock(): Promise<T>; unlock(held: T): Promise<void> }[],
  spread: Spread,
): Promise<void> {
  let released = 0;
  await Promise.all(locks.map(async (it) => {
    for (let i = 0; i < ROUNDS; i++) {
      const held = await it.lock();
      if (released > 0) spread.add(performance.now() - released);
      released = performance.now();
      await it.unlock(held);
    }
  }));
}

function crowd<T>(make: () => T | Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: CONTENDERS }, () => make()));
}

const parties = await crowd(() => Primitives.create({ client: client(), namespace }));
const [one] = parties;
const mutex = one!.mutex("uncontended");

Deno.bench("Mutex", { group: "uncontended", baseline: true }, async () => {
  const held = await mutex.acquire();
  await held.release();
});

const contended = parties.map((it) => it.mutex("contended")).map((it) => ({
  lock: () => it.acquire(),
  unlock: (held: Hold) => held.release(),
}));
const handOver = new Spread("hand-over of a Mutex");

Deno.bench(
  "Mutex, 16 contend",
  { group: "contended", baseline: true, n: 10, warmup: 1 },
  async () => {
    await contend(contended, handOver);
  },
);

const peer = new LeaseLockPeer(client(), { namespace, name: "uncontended" });

Deno.bench("a Lease, client-go's way", { group: "uncontended" }, async () => {
  await peer.lock();
  await peer.unlock();
});

const peers = await crowd(() => new LeaseLockPeer(client(), { namespace, name: "contended" }));
const peerHandOver = new Spread("hand-over of a Lease, client-go's way");

Deno.bench(
  "a Lease, client-go's way, 16 contend",
  { group: "contended", n: 1, warmup: 0 },
  async () => {
    await contend(peers, peerHandOver);
  },
);

if (etcd !== undefined) {
  const alone = new EtcdPeer(etcd);
  Deno.bench("etcd's lock", { group: "uncontended" }, async () => {
    await alone.unlock(await alone.lock("uncontended"));
  });

  const others = (await crowd(() => new EtcdPeer(etcd))).map((it) => ({
    lock: () => it.lock("contended"),
    unlock: (key: string) => it.unlock(key),
  }));
  const etcdHandOver = new Spread("hand-over of etcd's lock");
  Deno.bench("etcd's lock, 16 contend", { group: "contended", n: 10, warmup: 1 }, async () => {
    await contend(others, etcdHandOver);
  });
}
