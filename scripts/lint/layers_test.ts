import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import plugin, { complaint, roomOf } from "./layers.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("roomOf() finds the nearest listed room", () => {
  strictEqual(roomOf("local/apiserver/patch/mod.ts"), "local/apiserver");
  strictEqual(roomOf("local/cluster.ts"), "local");
  strictEqual(roomOf("kube/watch/reflector.ts"), "kube");
  strictEqual(roomOf("mod.ts"), "");
});

Deno.test("complaint() lets imports point down through a door", () => {
  strictEqual(complaint("coordinator/coordinator.ts", "kube/mod.ts"), undefined);
  strictEqual(complaint("kube/mod.ts", "kube/watch/reflector.ts"), undefined);
  strictEqual(complaint("local/cluster.ts", "local/apiserver/mod.ts"), undefined);
  strictEqual(complaint("tests/e2e/greeter_test.ts", "kube/watch/reflector.ts"), undefined);
});

Deno.test("complaint() names the room when an import points up, sideways or past the door", () => {
  match(complaint("kube/mod.ts", "coordinator/mod.ts")!, /"kube" cannot import room "coordinator"/);
  match(complaint("local/apiserver/server.ts", "kube/mod.ts")!, /it may import "websocket"/);
  match(complaint("runtime/within.ts", "kube/mod.ts")!, /it may import no other room/);
  match(complaint("coordinator/run.ts", "worker/mod.ts")!, /it may import "kube"/);
  match(
    complaint("worker/worker.ts", "kube/watch/store.ts")!,
    /the door of "kube" is "kube\/mod.ts"/,
  );
  match(complaint("kube/mod.ts", "scripts/jsr.ts")!, /outside the rooms/);
});

Deno.test("the plugin reports imports, re-exports and dynamic imports that point up", () => {
  const source = [
    `import { a } from "../coordinator/mod.ts";`,
    `export { b } from "../worker/mod.ts";`,
    `export * from "./watch/mod.ts";`,
    `await import("../local/mod.ts");`,
  ].join("\n");
  const found = Deno.lint.runPlugin(plugin, `${ROOT}kube/bad.ts`, source);
  deepStrictEqual(found.map((d) => d.id), Array(3).fill("troupe/layers"));
});
