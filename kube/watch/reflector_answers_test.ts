import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { loadClusterConfig } from "../config/mod.ts";
import { isForbidden, Transport } from "../transport/mod.ts";
import { PODS } from "./kinds.ts";
import { Reflector } from "./reflector.ts";
import {
  bookmark,
  failure,
  lastWatch,
  line,
  LIST,
  pod,
  podList,
  PODS_PATH,
  Scene,
  watch,
} from "./scene_test.ts";

for (const as of ["status", "ERROR event"] as const) {
  Deno.test(`Reflector lists again after 410 as ${as} and tells what vanished`, async () => {
    using time = new FakeTime();
    await using scene = new Scene();
    const { server, changes, states } = scene;
    const status = { kind: "Status", code: 410, reason: "Expired", message: "too old" };
    server.expect(
      LIST,
      podList("10", [pod("kept", "1"), pod("gone", "2"), pod("remade", "3", "first")]),
    );
    server.expect(watch("10"), [{ status: 200 }, "cut"]);
    server.expect(
      watch("10"),
      as === "status" ? failure(410, "Expired") : [{ status: 200 }, line("ERROR", status), "end"],
    );
    server.expect(
      LIST,
      podList("50", [pod("kept", "1"), pod("remade", "40", "second"), pod("new", "45")]),
    );
    server.expect(watch("50"), [{ status: 200 }, line("MODIFIED", pod("kept", "51"))]);
    scene.reflector.start();
    await states.until("disconnected");
    const errors = scene.errors.lines.length;
    await time.tickAsync(500);
    deepStrictEqual((await changes.has(9)).slice(3), [
      "deleted n/gone@2",
      "deleted n/remade@3",
      "modified n/kept@1 replayed",
      "added n/remade@40 replayed",
      "added n/new@45 replayed",
      "modified n/kept@51",
    ]);
    strictEqual(scene.reflector.store.get("n/remade")?.metadata?.uid, "second");
    strictEqual(scene.reflector.health.relists, 1);
    strictEqual(scene.errors.lines.length, errors); // 410 is none
    const resumed = as === "status" ? [] : ["connected", "disconnected"]; // but never synced
    deepStrictEqual(
      states.lines,
      ["connected", "synced", "disconnected", ...resumed, "connected", "synced"],
    );
  });
}

Deno.test("Reflector backs off when every watch is answered by 410", async () => {
  using time = new FakeTime();
  await using scene = new Scene({ minBackoff: 1_000 });
  for (const [version, wait] of [["10", 1_000], ["11", 2_000], ["12", 4_000]] as const) {
    const list = scene.server.expect(LIST, podList(version, []));
    scene.server.expect(watch(version), failure(410, "Expired"));
    scene.reflector.start();
    await list.called();
    await scene.states.until("disconnected");
    const calls = scene.server.calls.length;
    await time.tickAsync(wait - 1);
    strictEqual(scene.server.calls.length, calls);
    if (version === "12") break;
    scene.states.add("waiting");
    await time.tickAsync(1);
  }
});

Deno.test("Reflector lists from the start when a page token expires", async () => {
  await using scene = new Scene();
  scene.server.expect(LIST, podList("10", [pod("a", "1"), pod("gone", "2")], "page2"));
  scene.server.expect(
    { path: PODS_PATH, query: { continue: "page2" } },
    failure(410, "Expired"),
  );
  scene.server.expect(LIST, podList("20", [pod("a", "1")], "page2b"));
  scene.server.expect(
    { path: PODS_PATH, query: { continue: "page2b" } },
    podList("20", [pod("b", "15")]),
  );
  scene.server.expect(lastWatch("20"), [{ status: 200 }]);
  scene.reflector.start();
  await scene.states.until("synced");
  deepStrictEqual(scene.changes.lines, ["added n/a@1 replayed", "added n/b@15 replayed"]);
});

Deno.test("Reflector waits as long as Retry-After asks for after 429", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  scene.server.expect(LIST, podList("10", []));
  scene.server.expect(
    watch("10"),
    failure(429, "TooManyRequests", { headers: { "retry-after": "17" } }),
  );
  const again = scene.server.expect(watch("10"), [{ status: 200 }]);
  scene.reflector.start();
  await scene.states.until("disconnected");
  await time.tickAsync(16_999);
  strictEqual(again.count, 0);
  await time.tickAsync(1);
  await again.called();
});

Deno.test("Reflector goes on with the rotated token file after 401", async () => {
  await using scene = new Scene();
  const { server } = scene;
  const dir = await Deno.makeTempDir();
  try {
    const old = { headers: { authorization: "Bearer old" } };
    const fresh = { headers: { authorization: "Bearer fresh" } };
    server.expect({ ...LIST, ...old }, podList("10", [pod("a", "1")]));
    const first = server.expect({ ...watch("10"), ...old }, [
      { status: 200 },
      bookmark("11"),
      "pause",
      "cut",
    ]);
    server.expect({ ...watch("11"), ...old }, failure(401, "Unauthorized"));
    server.expect({ ...watch("11"), ...fresh }, [{ status: 200 }, line("DELETED", pod("a", "12"))]);
    await Deno.writeTextFile(`${dir}/token`, "old\n");
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: server.url } }],
      users: [{ name: "u", user: { tokenFile: "token" } }],
    };
    await Deno.writeTextFile(`${dir}/config`, JSON.stringify(kubeconfig));
    const config = await loadClusterConfig({ kubeconfig: `${dir}/config` });
    await using transport = new Transport(config);
    await using reflector = new Reflector(transport, PODS, { minBackoff: 1 });
    const deleted = Promise.withResolvers<void>();
    reflector.onChange(({ type }) => type === "deleted" && deleted.resolve());
    reflector.start();
    await reflector.synced();
    await first.called();
    await Deno.writeTextFile(`${dir}/token`, "fresh\n");
    first.release();
    await deleted.promise;
    strictEqual(transport.stats.byOutcome["watch pods 401"], 1);
    strictEqual(reflector.health.relists, 0);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("Reflector says what a 403 lacks and tries again slowly", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  const errors: Error[] = [];
  scene.reflector.onError((error) => errors.push(error));
  const message = 'pods is forbidden: User "system:serviceaccount:default:shy" cannot list ' +
    'resource "pods" in API group "" at the cluster scope';
  scene.server.expect(LIST, failure(403, "Forbidden", { message }));
  const again = scene.server.expect(LIST, podList("10", []));
  scene.server.expect(lastWatch("10"), [{ status: 200 }]);
  scene.reflector.start();
  await scene.states.until("disconnected");
  ok(isForbidden(errors[0]));
  match(errors[0].message, /Cannot list pods.*resources: \["pods"\], verbs: \["list"\]/);
  await time.tickAsync(19_999);
  strictEqual(again.count, 0);
  await time.tickAsync(1);
  await scene.reflector.synced();
});
