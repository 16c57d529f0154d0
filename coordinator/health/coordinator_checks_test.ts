import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { RequestOptions, RestClient } from "@cloudydeno/kubernetes-client";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { ConnectionError, PODS, Reflector } from "../../kube/mod.ts";
import { checkReport } from "./check.ts";
import { coordinatorChecks } from "./coordinator_checks.ts";
import { watchHealth } from "./testdata/watch_health.ts";
import type { WatchHealth } from "./watch_health.ts";

function checks(watches: WatchHealth[], stopping = false) {
  const loop = { check: () => ({ name: "event-loop" }) };
  return coordinatorChecks({ loop, stopping, watches: () => watches }, { stuckAfter: 1_000 });
}

function failures(all: Iterable<{ failure?: string; name: string }>): string[] {
  return [...all].filter(({ failure }) => failure).map(({ name, failure }) =>
    `${name}: ${failure}`
  );
}

Deno.test("coordinatorChecks().live() fails when a reflector was silent for too long and does nothing about it", () => {
  const stuck = watchHealth({ state: "stale", lastHeardMs: 5_000, lastActiveMs: 1_001 });
  deepStrictEqual(failures(checks([watchHealth(), stuck]).live()), [
    "watch/team/pods: stale, and did nothing for 1001 ms",
  ]);
});

Deno.test("coordinatorChecks().live() passes while a reflector tries again, however long the server is down", () => {
  const down = { state: "disconnected", lastHeardMs: 1e9, synced: false } as const;
  const never = { state: "connecting", lastHeardMs: Infinity, synced: false } as const;
  deepStrictEqual(failures(checks([watchHealth(down), watchHealth(never)]).live()), []);
  const dead = watchHealth({ ...down, lastActiveMs: 2_000 }, { namespace: undefined });
  deepStrictEqual(failures(checks([dead]).live()), [
    "watch/pods: disconnected, and did nothing for 2000 ms",
  ]);
});

Deno.test("coordinatorChecks().ready() passes once every cache was complete, also while the connection is down", () => {
  deepStrictEqual(failures(checks([watchHealth()]).ready()), []);
  deepStrictEqual(failures(checks([watchHealth({ state: "disconnected" })]).ready()), []);
});

Deno.test("coordinatorChecks().ready() says what it waits for", () => {
  const lastError = new Error("Cannot list pods:\n  forbidden");
  const waiting = watchHealth({ synced: false, state: "disconnected", lastError });
  const { ok, text } = checkReport(checks([watchHealth(), waiting]).ready(), {
    name: "readyz",
    verbose: false,
  });
  strictEqual(ok, false);
  strictEqual(
    text,
    "[-]watch/team/pods failed: no complete list yet, disconnected: Cannot list pods: forbidden\n",
  );
  deepStrictEqual(failures(checks([]).ready()), ["started: nothing is watched yet"]);
});

Deno.test("coordinatorChecks() are ready no more while stopping, but alive", () => {
  const stopping = checks([watchHealth()], true);
  deepStrictEqual(failures(stopping.ready()), ["not-stopping: it is stopping"]);
  deepStrictEqual(failures(stopping.live()), []);
});

/** Sends each request to `answer`; as any client it gives up when the caller does. */
function client(answer: () => Promise<never>): RestClient {
  return {
    performRequest({ abortSignal: signal }: RequestOptions) {
      const aborted = Promise.withResolvers<never>();
      signal?.addEventListener("abort", () => aborted.reject(signal.reason), { once: true });
      return Promise.race([answer(), aborted.promise]);
    },
  } as RestClient;
}

Deno.test("ReflectorHealth.lastActiveMs begins anew with each attempt, and grows while one does not end", async () => {
  using time = new FakeTime();
  using _now = stub(performance, "now", () => time.now);
  let attempts = 0;
  const refusing = client(() => {
    attempts++;
    return Promise.reject(new ConnectionError("refused"));
  });
  await using refused = new Reflector(refusing, PODS, { maxBackoff: 1_000 });
  await using stuck = new Reflector(client(() => new Promise(() => {})), PODS);
  refused.start();
  stuck.start();
  let most = 0;
  for (let second = 0; second < 120; second++) {
    await time.tickAsync(1_000);
    most = Math.max(most, refused.health.lastActiveMs);
  }
  ok(attempts > 100, `${attempts} attempts`);
  ok(most <= 1_000, `${most} ms`);
  strictEqual(refused.health.lastHeardMs, Infinity);
  strictEqual(stuck.health.lastActiveMs, 120_000);
});
