import { deepStrictEqual } from "node:assert/strict";
import { type Item, type Kind, type Meta, PODS, REPLICA_SETS, type Write } from "../objects/mod.ts";
import { meta } from "../objects/testdata/builders.ts";
import { FOREGROUND, ORPHAN, OwnerGraph } from "./owner_graph.ts";

const GONE = "2026-01-01T00:00:00Z";

function item(kind: Kind, name: string, more: Partial<Meta> = {}): Item {
  const { apiVersion } = kind;
  return { apiVersion, kind: kind.kind, metadata: meta(name, { uid: name, ...more }) };
}

function ownedBy(...owners: [string, boolean?][]): Partial<Meta> {
  return {
    ownerReferences: owners.map(([name, blockOwnerDeletion = true]) => ({
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name,
      uid: name,
      blockOwnerDeletion,
    })),
  };
}

class World {
  readonly graph = new OwnerGraph();

  set(name: string, more: Partial<Meta> = {}): string[] {
    return this.#apply(REPLICA_SETS, name, more);
  }

  pod(name: string, more: Partial<Meta> = {}): string[] {
    return this.#apply(PODS, name, more);
  }

  drop(kind: Kind, name: string): string[] {
    return this.graph.apply(kind, { type: "deleted", object: item(kind, name), replayed: false });
  }

  judge(name: string, ...absent: string[]): unknown[] {
    const { writes, next } = this.graph.judge(name, new Set(absent));
    return [...writes.map(brief), ...next.map((uid) => `then ${uid}`)];
  }

  #apply(kind: Kind, name: string, more: Partial<Meta>): string[] {
    const object = item(kind, name, more);
    return this.graph.apply(kind, { type: "modified", object, replayed: false });
  }
}

function brief(write: Write): string {
  if (write.verb === "delete") {
    return `delete ${write.target.name} ${write.options?.propagationPolicy}`;
  }
  if (write.verb !== "patch") return write.verb;
  const { metadata } = write.patch as { metadata: Partial<Meta> };
  const { ownerReferences: owners, finalizers } = metadata;
  if (owners !== undefined) {
    return `${write.target.name} owned by ${owners?.map(({ name }) => name).join("+") ?? "nobody"}`;
  }
  return `${write.target.name} held by ${finalizers?.join("+") ?? "nothing"}`;
}

Deno.test("OwnerGraph deletes what has lost its owner", () => {
  const world = new World();
  world.set("owner");
  deepStrictEqual(world.pod("a", ownedBy(["owner"])), []);
  deepStrictEqual(world.drop(REPLICA_SETS, "owner"), ["a"]);
  deepStrictEqual(world.graph.unknownOwners("a")?.owners.map(({ uid }) => uid), ["owner"]);
  deepStrictEqual(world.judge("a", "owner"), ["delete a Background"]);
});

Deno.test("OwnerGraph deletes nothing whose owner may just not be known yet", () => {
  const world = new World();
  deepStrictEqual(world.pod("a", ownedBy(["owner"])), ["a"]);
  deepStrictEqual(world.judge("a"), []);
});

Deno.test("OwnerGraph does not take an object of another name space for the owner", () => {
  const world = new World();
  world.set("owner", { namespace: "elsewhere" });
  world.pod("a", ownedBy(["owner"]));
  deepStrictEqual(world.graph.unknownOwners("a")?.owners.length, 1);
  deepStrictEqual(world.judge("a", "owner"), ["delete a Background"]);
});

Deno.test("OwnerGraph keeps what has another owner, without the reference to the lost one", () => {
  const world = new World();
  world.set("kept");
  world.pod("a", ownedBy(["lost"], ["kept"]));
  deepStrictEqual(world.judge("a", "lost"), ["a owned by kept"]);
});

Deno.test("OwnerGraph holds a foreground deletion until those that block are gone", () => {
  const world = new World();
  world.set("owner");
  world.pod("blocks", ownedBy(["owner"]));
  world.pod("free", ownedBy(["owner", false]));
  deepStrictEqual(world.set("owner", { deletionTimestamp: GONE, finalizers: [FOREGROUND] }), [
    "owner",
  ]);
  deepStrictEqual(world.judge("owner"), ["then blocks"]);
  deepStrictEqual(world.judge("blocks"), ["delete blocks Background"]);
  deepStrictEqual(world.drop(PODS, "blocks"), ["owner"]);
  deepStrictEqual(world.judge("owner"), ["owner held by nothing"]);
  world.drop(REPLICA_SETS, "owner");
  deepStrictEqual(world.judge("free", "owner"), ["delete free Background"]);
});

Deno.test("OwnerGraph carries a foreground deletion on to dependents of dependents", () => {
  const world = new World();
  world.set("head", { deletionTimestamp: GONE, finalizers: [FOREGROUND, "other"] });
  world.set("middle", ownedBy(["head"]));
  world.pod("leaf", ownedBy(["middle"]));
  deepStrictEqual(world.judge("middle"), ["delete middle Foreground"]);
  world.set("middle", {
    ...ownedBy(["head"]),
    deletionTimestamp: GONE,
    finalizers: [FOREGROUND],
  });
  deepStrictEqual(world.judge("head"), []);
  deepStrictEqual(world.judge("middle"), ["then leaf"]);
  world.drop(PODS, "leaf");
  world.drop(REPLICA_SETS, "middle");
  deepStrictEqual(world.judge("head"), ["head held by other"]);
});

Deno.test("OwnerGraph frees a circle of owners that wait for each other", () => {
  const world = new World();
  world.set("a", { ...ownedBy(["b"]), deletionTimestamp: GONE, finalizers: [FOREGROUND] });
  world.set("b", ownedBy(["a"]));
  deepStrictEqual(world.judge("b"), ["b owned by a", "delete b Foreground"]);
});

Deno.test("OwnerGraph makes orphans of dependents before it lets their owner go", () => {
  const world = new World();
  world.pod("a", ownedBy(["owner"]));
  world.pod("b", ownedBy(["owner"], ["other"]));
  world.set("owner", { deletionTimestamp: GONE, finalizers: [ORPHAN] });
  deepStrictEqual(world.judge("owner"), [
    "a owned by nobody",
    "b owned by other",
    "owner held by nothing",
  ]);
});

Deno.test("OwnerGraph names all that may have lost an owner when everything was read", () => {
  const world = new World();
  world.pod("lost", ownedBy(["gone"]));
  world.pod("fine", ownedBy(["owner"]));
  world.set("owner");
  world.set("waiting", { deletionTimestamp: GONE, finalizers: [FOREGROUND] });
  deepStrictEqual([...world.graph.suspects()], ["lost", "waiting"]);
});
