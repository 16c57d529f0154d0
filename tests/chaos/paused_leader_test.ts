// The leader is paused for longer than its lease at each write that it makes, and the write arrives
// after the next leader has taken over.
import { deepStrictEqual, ok } from "node:assert/strict";
import { type Cast, startCast } from "../support/cast.ts";
import { startProxied } from "../support/proxied.ts";
import { until } from "../support/until.ts";

const LEASE = 1_000;
/** How late the write arrives, in milliseconds: enough for the next one to lead and to write. */
const HOLD = 5_000;

/** The writes of a leader's beginning and of its steady work, as the proxy sees them. */
const WRITES: [what: string, method: string, path: RegExp, skip: number][] = [
  ["the check of a new head", "POST", /\/deployments\?.*dryRun/, 0],
  ["the creation of the first head", "POST", /\/deployments\?fieldManager=[^&]*$/, 0],
  ["the creation of its part", "POST", /\/serviceaccounts/, 0],
  ["the first apply", "PATCH", /\/deployments\/worker/, 0],
  ["the creation of the second head", "POST", /\/deployments\?fieldManager=[^&]*$/, 1],
  ["an apply in its work", "PATCH", /\/deployments\/ticker/, 3],
  ["a later apply in its work", "PATCH", /\/deployments\/ticker/, 8],
  ["a renewal of the lease", "PUT", /\/leases\//, 2],
];

for (const [what, method, path, skip] of WRITES) {
  Deno.test(`a leader that is paused at ${what} writes nothing more`, async () => {
    await using cast = await startCast({ workers: 1, leaseDuration: LEASE, tick: 100 });
    await using proxied = await startProxied(cast.cluster, {
      plan: { rules: [{ fault: "hold", method, path, skip, limit: 1, ms: HOLD }] },
    });
    const paused = cast.add({ kubeconfig: proxied.kubeconfig });
    await until("the write", () => proxied.proxy.record.some(({ action }) => action === "hold"));
    const heldAt = performance.now();
    Deno.kill(paused.pid, "SIGSTOP");
    try {
      const token = cast.token();
      const next = cast.add();
      await until("the next one to lead", () => next.token() > token);
      await until("the next one to write", () => written(cast, next.token()) > 2);
      // the held write arrives meanwhile
      await until("the late write", () => performance.now() > heldAt + HOLD + 500);
    } finally {
      Deno.kill(paused.pid, "SIGCONT");
    }
    await until("the paused one to follow", () => {
      return paused.token() === 0 || paused.lines().some(({ line }) => line === "lost");
    });
    const soFar = cast.audit.states.length;
    await until("further writes", () => cast.audit.states.length > soFar + 5);
    deepStrictEqual(cast.audit.violations(), []);
    ok(cast.audit.states.length > 0);
  });
}

function written(cast: Cast, token: number): number {
  return cast.audit.states.filter(({ term }) => term === token).length;
}
