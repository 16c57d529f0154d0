import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { NODES, PODS } from "./kinds.ts";
import { Reflector } from "./reflector.ts";
import {
  bookmark,
  FIRST_PAGE,
  line,
  pod,
  podList,
  PODS_PATH,
  Scene,
  watchFrom,
} from "./scene_test.ts";

Deno.test("Reflector lists in pages, then watches and tells each change", async () => {
  await using scene = new Scene({ pageSize: 2 });
  const { server, reflector, changes, states } = scene;
  server.expect(
    { path: PODS_PATH, query: { ...FIRST_PAGE, limit: "2" } },
    podList("10", [pod("a", "1"), pod("b", "2")], "page2"),
  );
  server.expect(
    { path: PODS_PATH, query: { limit: "2", continue: "page2" } },
    podList("10", [pod("c", "3")]),
  );
  server.expect({ path: PODS_PATH, query: watchFrom("10") }, [
    { status: 200 },
    line("MODIFIED", pod("a", "11")),
    line("ADDED", pod("d", "12")),
    line("DELETED", pod("b", "13")),
  ]);
  reflector.start();
  await reflector.synced();
  deepStrictEqual([...reflector.store.keys()], ["n/a", "n/b", "n/c"]);
  deepStrictEqual(await changes.has(6), [
    "added n/a@1 replayed",
    "added n/b@2 replayed",
    "added n/c@3 replayed",
    "modified n/a@11",
    "added n/d@12",
    "deleted n/b@13",
  ]);
  deepStrictEqual([...reflector.store.keys()], ["n/a", "n/c", "n/d"]);
  strictEqual(reflector.store.get("n/a")?.metadata?.resourceVersion, "11");
  deepStrictEqual(states.lines, ["connected", "synced"]);
  strictEqual(reflector.health.state, "synced");
  strictEqual(reflector.health.synced, true);
  strictEqual(reflector.health.lastHeardMs < 60_000, true);
});

Deno.test("Reflector asks for its namespace and selectors, in lists and watches", async () => {
  await using scene = new Scene({
    namespace: "prod",
    labelSelector: "app=web",
    fieldSelector: "spec.nodeName=n1",
  });
  const query = { labelSelector: "app=web", fieldSelector: "spec.nodeName=n1" };
  const path = "/api/v1/namespaces/prod/pods";
  scene.server.expect({ path, query: { ...FIRST_PAGE, ...query } }, podList("1", []));
  const watch = scene.server.expect({ path, query: { ...watchFrom("1"), ...query } }, [
    { status: 200 },
  ]);
  scene.reflector.start();
  await watch.called();
});

Deno.test("Reflector keeps cluster-scoped objects by their name", async () => {
  await using scene = new Scene({}, NODES);
  const node = (resourceVersion: string) => ({
    kind: "Node",
    apiVersion: "v1",
    metadata: { name: "n1", uid: "u", resourceVersion },
  });
  const metadata = { resourceVersion: "5" };
  scene.server.expect({ path: "/api/v1/nodes", query: FIRST_PAGE }, [
    { status: 200, json: { kind: "NodeList", metadata, items: [node("4")] } },
  ]);
  scene.server.expect({ path: "/api/v1/nodes", query: watchFrom("5") }, [
    { status: 200 },
    line("MODIFIED", node("6")),
    line("DELETED", node("7")),
  ]);
  scene.reflector.start();
  deepStrictEqual(await scene.changes.has(3), [
    "added n1@4 replayed",
    "modified n1@6",
    "deleted n1@7",
  ]);
});

Deno.test("Reflector decodes a character that is split between two chunks", async () => {
  await using scene = new Scene();
  const metadata = { namespace: "n", name: "a", uid: "u", resourceVersion: "2" };
  const object = { kind: "Pod", apiVersion: "v1", metadata, status: { message: "grün 😀" } };
  const bytes = new TextEncoder().encode(`${JSON.stringify({ type: "ADDED", object })}\n`);
  const cut = bytes.indexOf(0xf0) + 2;
  scene.server.expect({ path: PODS_PATH, query: FIRST_PAGE }, podList("1", []));
  const watch = scene.server.expect({ path: PODS_PATH, query: watchFrom("1") }, [
    { status: 200 },
    { bytes: bytes.slice(0, cut) },
    "pause",
    { bytes: bytes.slice(cut) },
  ]);
  scene.reflector.start();
  await watch.called();
  watch.release();
  await scene.changes.has(1);
  strictEqual(scene.reflector.store.get("n/a")?.status?.message, "grün 😀");
});

Deno.test("Reflector tells what a listener throws and goes on", async () => {
  await using scene = new Scene();
  scene.server.expect({ path: PODS_PATH, query: FIRST_PAGE }, podList("1", [pod("a", "1")]));
  scene.server.expect({ path: PODS_PATH, query: watchFrom("1") }, [
    { status: 200 },
    bookmark("2"),
    line("MODIFIED", pod("a", "3")),
  ]);
  const remove = scene.reflector.onChange(() => {
    remove();
    throw new Error("listener failed");
  });
  scene.reflector.start();
  await scene.changes.has(2);
  deepStrictEqual(scene.errors.lines, ["listener failed"]);
});

Deno.test("Reflector.synced() rejects when its signal aborts or the reflector closes", async () => {
  await using scene = new Scene();
  scene.server.expect({ path: PODS_PATH, query: FIRST_PAGE, times: Infinity }, ["stall"]);
  const { reflector } = scene;
  reflector.start();
  const reason = new Error("enough");
  const aborted = rejects(reflector.synced({ signal: AbortSignal.abort(reason) }), reason);
  const controller = new AbortController();
  const late = rejects(reflector.synced({ signal: controller.signal }), reason);
  controller.abort(reason);
  await aborted;
  await late;
  const closed = rejects(reflector.synced(), /Cannot wait for pods: the reflector is closed/);
  await reflector.close();
  await closed;
});

Deno.test("Reflector.start() closes the reflector when its signal aborts", async () => {
  await using scene = new Scene();
  scene.server.expect({ path: PODS_PATH, query: FIRST_PAGE }, podList("1", []));
  const watch = scene.server.expect({ path: PODS_PATH, query: watchFrom("1") }, [{ status: 200 }]);
  const controller = new AbortController();
  scene.reflector.start(controller.signal);
  scene.reflector.start();
  await watch.called();
  controller.abort();
  await watch.left();
  await scene.reflector.close();
});

Deno.test("Reflector.close() stops at once while it waits for a page", async () => {
  await using scene = new Scene();
  const first = podList("1", [pod("a", "1")], "page2");
  scene.server.expect({ path: PODS_PATH, query: FIRST_PAGE }, first);
  const page = scene.server.expect({ path: PODS_PATH, query: { continue: "page2" } }, ["stall"]);
  scene.reflector.start();
  await page.called();
  await scene.reflector.close();
  await page.left();
  strictEqual(scene.reflector.store.size, 0);
  deepStrictEqual(scene.errors.lines, []);
});

Deno.test("Reflector.close() stops at once while it waits to try again", async () => {
  await using scene = new Scene({ minBackoff: 1e6, maxBackoff: 1e6 });
  scene.server.expect({ path: PODS_PATH, query: FIRST_PAGE }, [{ status: 500, json: {} }]);
  scene.reflector.start();
  await scene.states.until("disconnected");
  await scene.reflector.close();
  await scene.reflector.close();
});

Deno.test("Reflector.close() stops at once in a stream that stalls in mid-line", async () => {
  await using scene = new Scene();
  scene.server.expect({ path: PODS_PATH, query: FIRST_PAGE }, podList("1", []));
  const watch = scene.server.expect({ path: PODS_PATH, query: watchFrom("1") }, [
    { status: 200 },
    line("ADDED", pod("a", "2")),
    { bytes: '{"type":"MODI' },
    "stall",
  ]);
  scene.reflector.start();
  await scene.changes.has(1);
  await scene.reflector.close();
  await watch.left();
  deepStrictEqual(scene.errors.lines, []);
});

Deno.test("Reflector.close() tells nothing more, also when a listener calls it", async () => {
  await using scene = new Scene();
  const items = [pod("a", "1"), pod("b", "1"), pod("c", "1")];
  scene.server.expect({ path: PODS_PATH, query: FIRST_PAGE }, podList("1", items));
  let closed: Promise<void> | undefined;
  scene.reflector.onChange(() => closed = scene.reflector.close());
  scene.reflector.start();
  deepStrictEqual(await scene.changes.has(1), ["added n/a@1 replayed"]);
  await closed;
  strictEqual(scene.changes.lines.length, 1);
});

Deno.test("Reflector refuses a namespace for a cluster-scoped kind, and numbers below 0", async () => {
  await using scene = new Scene();
  throws(
    () => new Reflector(scene.transport, NODES, { namespace: "prod" }),
    /Cannot name a path of nodes in namespace "prod": kind "Node" is cluster-scoped/,
  );
  throws(
    () => new Reflector(scene.transport, PODS, { namespace: "prod", idleTimeout: 0 }),
    /Cannot make a reflector: idleTimeout is 0, it must be above 0/,
  );
});
