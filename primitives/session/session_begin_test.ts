import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Fault } from "../testdata/memory_api.ts";
import { MemoryScene } from "../testdata/memory_scene.ts";

// each is what becomes of the next request of the session
const STORIES: Readonly<Record<string, readonly (Fault | "gone")[]>> = {
  "the answer to its create is lost": ["lose answer"],
  "all answers are lost one after another": ["lose answer", 503, "lose request", 503, 503, 409],
  "its Lease is gone when it is looked at": ["lose answer", 0, "gone"],
};

for (const [story, faults] of Object.entries(STORIES)) {
  Deno.test(`Session.begin() goes on until it has its Lease, though ${story}`, async () => {
    await using scene = new MemoryScene();
    const { primitives } = await scene.start("a");
    const left = [...faults];
    scene.api.fault = ({ plural }) => {
      const next = plural === "leases" ? left.shift() : undefined;
      if (next === "gone") {
        scene.api.list("leases").forEach(() => {
          const name = scene.api.list("leases")[0]!.metadata!.name!;
          scene.api.remove("leases", name);
        });
      }
      return next === "gone" || next === 0 ? undefined : next;
    };
    // what needs a session
    strictEqual((await scene.settle(primitives.barrier("x", 1).arrive())).index, 0);
    deepStrictEqual(left, []);
    strictEqual(scene.api.list("leases").length, 1);
    await scene.pass(60_000); // and renews it
    strictEqual(scene.api.list("leases").length, 1);
  });
}
