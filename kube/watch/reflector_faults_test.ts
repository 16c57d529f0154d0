import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { PODS } from "./kinds.ts";
import { SETTLING_MS } from "./reflector.ts";
import {
  bookmark,
  lastWatch,
  line,
  LIST,
  pod,
  podList,
  PODS_PATH,
  Scene,
  watch,
} from "./scene_test.ts";

Deno.test("Reflector finds a blackholed watch by its silence and resumes it", async () => {
  using time = new FakeTime();
  await using scene = new Scene({ idleTimeout: 90_000, staleAfter: 70_000 });
  const { server, reflector, states, errors, changes } = scene;
  server.expect(LIST, podList("10", [pod("a", "1")]));
  const silent = server.expect(watch("10"), [
    { status: 200 },
    line("MODIFIED", pod("a", "11")),
    "pause",
    bookmark("20"),
    "stall",
  ]);
  const resumed = server.expect(watch("20"), [{ status: 200 }, line("MODIFIED", pod("a", "21"))]);
  reflector.start();
  await changes.has(2);
  await time.tickAsync(60_000);
  silent.release();
  await scene.events.has(2);
  await time.tickAsync(69_999);
  strictEqual(reflector.health.state, "synced");
  await time.tickAsync(1);
  strictEqual(reflector.health.state, "stale");
  await time.tickAsync(20_000);
  await silent.left();
  await resumed.called();
  deepStrictEqual((await changes.has(3)).at(-1), "modified n/a@21");
  deepStrictEqual(states.lines, ["connected", "synced", "stale", "connected", "synced"]);
  deepStrictEqual(errors.lines, []);
  strictEqual(reflector.health.reconnects, 1);
  strictEqual(reflector.health.relists, 0);
});

Deno.test("Reflector is disconnected when a silent server does not answer either", async () => {
  using time = new FakeTime();
  await using scene = new Scene({ idleTimeout: 90_000 }, PODS, { requestTimeout: 30_000 });
  scene.server.expect(LIST, podList("10", []));
  scene.server.expect(watch("10"), [{ status: 200 }, bookmark("11")]);
  const unanswered = scene.server.expect(watch("11"), ["stall"]);
  const resumed = scene.server.expect(watch("11"), [{ status: 200 }]);
  scene.reflector.start();
  await scene.events.has(1);
  await time.tickAsync(90_000);
  await unanswered.called();
  await time.tickAsync(30_000);
  await scene.states.until("disconnected");
  match(scene.errors.lines[0] ?? "", /Cannot watch pods: no answer from .* within 30000 ms/);
  await time.tickAsync(500);
  await resumed.called();
  await scene.states.until("connected");
  await time.tickAsync(SETTLING_MS);
  deepStrictEqual(scene.states.lines, [
    "connected",
    "synced",
    "stale",
    "disconnected",
    "connected",
    "synced",
  ]);
});

Deno.test("Reflector never ends a watch that is heard, however long it lasts", async () => {
  using time = new FakeTime();
  await using scene = new Scene({ idleTimeout: 1_000 });
  scene.server.expect(LIST, podList("1", []));
  const program = Array.from({ length: 20 }, (_, i) => ["pause" as const, bookmark(`${i + 2}`)]);
  const call = scene.server.expect(watch("1"), [{ status: 200 }, ...program.flat()]);
  scene.reflector.start();
  await call.called();
  for (let i = 0; i < 20; i++) {
    call.release();
    await scene.events.has(i + 1);
    await time.tickAsync(900);
  }
  deepStrictEqual(scene.states.lines.filter((state) => state === "disconnected"), []);
  strictEqual(scene.server.calls.length, 2);
});

Deno.test("Reflector resumes a watch that was half-closed or cut between lines", async () => {
  using time = new FakeTime();
  for (const fault of ["half-close", "cut"] as const) {
    await using scene = new Scene();
    scene.server.expect(LIST, podList("10", []));
    scene.server.expect(watch("10"), [{ status: 200 }, line("ADDED", pod("a", "11")), fault]);
    const resumed = scene.server.expect(watch("11"), [{ status: 200 }]);
    scene.reflector.start();
    await scene.states.until("disconnected");
    await time.tickAsync(500);
    await resumed.called();
    await scene.states.until("connected");
    await time.tickAsync(SETTLING_MS);
    strictEqual(scene.states.lines.at(-1), "synced");
    deepStrictEqual(scene.changes.lines, ["added n/a@11"]);
    strictEqual(scene.reflector.health.malformed, 0);
  }
});

Deno.test("Reflector counts a truncated last line, reports it and resumes before it", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  scene.server.expect(LIST, podList("10", []));
  scene.server.expect(watch("10"), [
    { status: 200, framing: "close" },
    line("ADDED", pod("a", "11")),
    { bytes: '{"type":"MODIFIED","obj' },
    "half-close",
  ]);
  scene.server.expect(watch("11"), [{ status: 200 }, line("MODIFIED", pod("a", "12"))]);
  scene.reflector.start();
  await scene.states.until("disconnected");
  deepStrictEqual(scene.errors.lines, [
    "Cannot decode the last line: it was cut after 23 bytes",
  ]);
  strictEqual(scene.reflector.health.malformed, 1);
  await time.tickAsync(500);
  deepStrictEqual((await scene.changes.has(2)).at(-1), "modified n/a@12");
});

Deno.test("Reflector ends a watch at a malformed line, and in the end lists again", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  scene.server.expect(LIST, podList("10", [pod("a", "1")]));
  const broken = scene.server.expect({ ...watch("10"), times: 3 }, [
    { status: 200 },
    { bytes: '{"type":"MODIFIED","object":{"metadata":{"name":"a"}}}\n' },
    line("MODIFIED", pod("a", "12")),
  ]);
  scene.server.expect(LIST, podList("20", [pod("a", "12")]));
  scene.server.expect(lastWatch("20"), [{ status: 200 }]);
  scene.reflector.start();
  for (let nth = 1; nth <= 3; nth++) {
    await broken.called(nth);
    await scene.errors.has(nth);
    await time.tickAsync(2_000);
  }
  await scene.states.until("synced");
  deepStrictEqual(scene.changes.lines, ["added n/a@1 replayed", "modified n/a@12 replayed"]);
  strictEqual(scene.reflector.health.malformed, 3);
  strictEqual(scene.reflector.health.relists, 1);
  ok(scene.reflector.health.lastError?.cause instanceof TypeError);
});

Deno.test("Reflector watches again at once when the server ends a watch that lasted", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  scene.server.expect(LIST, podList("10", []));
  const first = scene.server.expect(watch("10"), [
    { status: 200 },
    bookmark("15"),
    "pause",
    "end",
  ]);
  const second = scene.server.expect(watch("15"), [{ status: 200 }]);
  scene.reflector.start();
  await scene.events.has(1);
  await time.tickAsync(60_000);
  first.release();
  await second.called();
  deepStrictEqual(scene.states.lines, ["connected", "synced"]);
  deepStrictEqual(scene.changes.lines, []);
  deepStrictEqual(scene.errors.lines, []);
});

Deno.test("Reflector backs off from a server that ends each watch at once", async () => {
  using time = new FakeTime();
  await using scene = new Scene({ minBackoff: 1_000, maxBackoff: 30_000 });
  scene.server.expect(LIST, podList("10", []));
  const ended = scene.server.expect({ ...watch("10"), times: Infinity }, [{ status: 200 }, "end"]);
  scene.reflector.start();
  for (let nth = 1; nth <= 7; nth++) {
    await ended.called(nth);
    const waits = scene.states.lines.filter((state) => state === "disconnected").length;
    if (waits < nth) await scene.states.has(scene.states.lines.length + 1);
    await scene.states.until("disconnected");
    const wait = Math.min(1_000 * 2 ** (nth - 1), 30_000);
    await time.tickAsync(wait - 1);
    strictEqual(ended.count, nth);
    await time.tickAsync(1);
  }
});

Deno.test("Reflector stays within the request budget in a storm of reconnects", async () => {
  const budget = { perSecond: 100, burst: 5 };
  // With such a back-off alone it would be hundreds of requests a second.
  await using scene = new Scene({ minBackoff: 1, maxBackoff: 1 }, PODS, { budget });
  scene.server.expect(LIST, podList("10", []));
  const storm = scene.server.expect(lastWatch("10"), [{ status: 200 }, "cut"]);
  const started = performance.now();
  scene.reflector.start();
  await storm.called(54); // with the list 55 requests: 5 at once, 50 at 100 a second
  const elapsed = performance.now() - started;
  ok(elapsed > 480, `55 requests within ${elapsed} ms`);
});

Deno.test("Reflector asks for the same page again when it cannot be decoded", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  const page2 = { path: PODS_PATH, query: { continue: "page2" } };
  scene.server.expect(LIST, podList("10", [pod("a", "1")], "page2"));
  scene.server.expect(page2, [{ status: 200, json: { metadata: {}, items: [] } }]);
  scene.server.expect(page2, podList("10", [pod("b", "2")]));
  scene.server.expect(lastWatch("10"), [{ status: 200 }]);
  scene.reflector.start();
  await scene.states.until("disconnected");
  strictEqual(scene.reflector.health.malformed, 1);
  await time.tickAsync(500);
  await scene.reflector.synced();
  deepStrictEqual(scene.changes.lines, ["added n/a@1 replayed", "added n/b@2 replayed"]);
});

Deno.test("Reflector finds a server that never answers a list", async () => {
  using time = new FakeTime();
  await using scene = new Scene({}, PODS, { requestTimeout: 10_000 });
  const silent = scene.server.expect(LIST, ["stall"]);
  const again = scene.server.expect(LIST, podList("10", []));
  scene.server.expect(lastWatch("10"), [{ status: 200 }]);
  scene.reflector.start();
  await silent.called();
  await time.tickAsync(10_000);
  await scene.states.until("disconnected");
  await silent.left();
  await time.tickAsync(500);
  await again.called();
  await scene.reflector.synced();
  deepStrictEqual(scene.states.lines.slice(0, 2), ["disconnected", "connected"]);
});

Deno.test("Reflector tells no state again when it only resumes a watch", async () => {
  using time = new FakeTime();
  await using scene = new Scene();
  scene.server.expect(LIST, podList("10", [pod("a", "1"), pod("b", "2")]));
  scene.server.expect(watch("10"), [{ status: 200 }, "cut"]);
  scene.server.expect(watch("10"), [{ status: 200 }, line("DELETED", pod("a", "12"))]);
  scene.reflector.start();
  await scene.states.until("disconnected");
  await time.tickAsync(500);
  deepStrictEqual((await scene.changes.has(3)).slice(2), ["deleted n/a@12"]);
});
