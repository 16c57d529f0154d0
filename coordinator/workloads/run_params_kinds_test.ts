import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { headKind } from "./definition/mod.ts";
import { SAMPLES } from "./definition/testdata/samples.ts";
import { checkRunParams, type RunParams } from "./run_params.ts";

const W: RunParams = { name: "w", image: "w:1" };

for (const [kind, params] of Object.entries(SAMPLES)) {
  Deno.test(`checkRunParams() takes all that can be said of a ${kind}`, () => {
    strictEqual(headKind(checkRunParams(params, "team")), kind);
  });
}

Deno.test("checkRunParams() takes back what it gave", () => {
  for (const params of Object.values({ ...SAMPLES, plain: W })) {
    const { replicas, ...checked } = checkRunParams(params, "team");
    const again = { ...checked, ...(params.replicas !== undefined && { replicas }) };
    deepStrictEqual(checkRunParams(again, "other"), { ...checked, replicas });
  }
});

Deno.test("checkRunParams() keeps what it checked apart from what the caller changes later", () => {
  const params = {
    ...W,
    envs: { A: "1" },
    args: ["a"],
    volumes: { v: { path: "/v", secret: "s" } },
  };
  const checked = checkRunParams(params, "team");
  params.envs.A = "2";
  params.args.push("b");
  params.volumes.v.path = "/x";
  deepStrictEqual([checked.envs, checked.args, checked.volumes], [
    { A: "1" },
    ["a"],
    { v: { path: "/v", secret: "s" } },
  ]);
});

Deno.test("checkRunParams() fills in supervision", () => {
  deepStrictEqual(
    checkRunParams({ ...W, supervision: { backoff: { max: 2000 } } }, "t").supervision,
    {
      strategy: "oneForOne",
      maxRestarts: 5,
      within: 60_000,
      backoff: { min: 1000, max: 2000 },
      onFailure: "restart",
    },
  );
});

/** What is wrong, and the words of the message that say so. */
const WRONG: readonly [params: Record<string, unknown>, message: string][] = [
  [{ everyNode: true, replicas: 2 }, '"everyNode" and "replicas" cannot both be given'],
  [{ completions: 1, replicas: 2 }, '"completions" and "replicas" cannot both be given'],
  [{ schedule: "@daily", replicas: 2 }, '"schedule" and "replicas" cannot both be given'],
  [{ everyNode: true, identity: true }, '"everyNode" and "identity" cannot both be given'],
  [{ schedule: "@daily", everyNode: true }, '"schedule" and "everyNode" cannot both be given'],
  [{ completions: 1, items: ["a"] }, '"completions" and "items" cannot both be given: each item'],
  [
    { identity: true, strategy: { maxSurge: 1 } },
    '"identity" and "strategy" cannot both be given',
  ],
  [{ ttl: 1000 }, '"ttl" means nothing without "completions", "items" or "schedule"'],
  [{ restartPolicy: "never" }, '"restartPolicy" means nothing without "completions"'],
  [{ timeZone: "UTC" }, '"timeZone" means nothing without "schedule"'],
  [{ completions: 1, timeZone: "UTC" }, '"completions" and "timeZone" cannot both be given'],
  [{ completions: 1, supervision: {} }, '"completions" and "supervision" cannot both be given'],
  [{ everyNode: true, spread: { by: "node" } }, '"everyNode" and "spread" cannot both be given'],
  [
    { everyNode: true, nodeLossTimeout: 1 },
    '"everyNode" and "nodeLossTimeout" cannot both be given',
  ],
  [
    { supervision: { replaceOnNodeLoss: true } },
    '"supervision.replaceOnNodeLoss" means nothing without "identity" or "storage"',
  ],
  [{ supervision: { quarantineAfter: -1 } }, '"supervision.quarantineAfter" given -1'],
  [
    { everyNode: { selector: { a: "b" } }, nodeSelector: { a: "b" } },
    '"everyNode.selector" and "nodeSelector" cannot both be given',
  ],
  [
    { identity: false, storage: { size: "1Gi", path: "/d" } },
    '"identity" cannot be false with "storage"',
  ],
  [{ name: "1w", identity: true }, '"name" given "1w" must begin with a letter for "identity"'],
  [{ storage: { path: "/d" } }, '"storage.size" nothing was given, allowed is an amount of bytes'],
  [{ storage: { size: "1Q", path: "/d" } }, '"storage.size" given "1Q", allowed is an amount of'],
  [{ storage: { data: { size: "1Gi", path: "d" } } }, '"storage.data.path" given "d", allowed is'],
  [{ storage: {} }, '"storage.size" nothing was given'],
  [
    { storage: { a: { size: 1, path: "/d" }, b: { size: 1, path: "/d" } } },
    '"storage.b.path" given',
  ],
  [{ storage: { size: 1, path: "/tmp" } }, '"storage.path" given "/tmp", which is the writable'],
  [{ volumes: { tmp: { path: "/x", emptyDir: true } } }, '"volumes.tmp" cannot be named "tmp"'],
  [
    { volumes: { v: { path: "/x", secret: "s", configMap: "c" } } },
    '"volumes.v" given {"path":"/x","secret":"s","configMap":"c"}, allowed is an object with exactly',
  ],
  [{ port: 80, ports: { web: 80 } }, '"port" and "ports.web" are both 80'],
  [{ ports: { main: 80 } }, '"ports.main" given "main", allowed is an object of ports'],
  [{ ports: { web: { port: 0 } } }, '"ports.web.port" given 0, allowed is an integer from 1'],
  [{ resources: { cpu: "0.5m" } }, '"resources.cpu" given "0.5m", allowed is an amount of CPU'],
  [
    { resources: { memory: "1e3" } },
    '"resources.memory" given "1e3", allowed is an amount of bytes',
  ],
  [{ resources: { limits: { cpu: -1 } } }, '"resources.limits.cpu" given -1, allowed is an amount'],
  [
    { resources: { cpu: 2, limits: { cpu: "1" } } },
    '"resources.cpu" given 2 is more than "resources.limits.cpu" 1',
  ],
  [{ probes: { liveness: {} } }, '"probes.liveness" means nothing without "port"'],
  [
    { probes: { liveness: { http: "/", command: ["a"] } } },
    '"probes.liveness.command" and "probes.liveness.http" cannot both be given',
  ],
  [{ probes: { readiness: true } }, '"probes.readiness" given true, allowed is false or'],
  [{ probes: { readiness: { evry: 1 } } }, '"probes.readiness.evry" is no known field'],
  [{ strategy: { maxSurge: 0, maxUnavailable: "0%" } }, "cannot both be 0"],
  [{ strategy: { maxSurge: "101%" } }, '"strategy.maxSurge" given "101%"'],
  [
    { tolerations: [{ effect: "No" }] },
    '"tolerations.0.effect" given "No", allowed is "NoSchedule"',
  ],
  [{ spread: { by: "rack of mine" } }, '"spread.by" given "rack of mine"'],
  [{ grace: 1.5 }, '"grace" given 1.5, allowed is an integer of milliseconds, 0 or more'],
  [{ items: [] }, '"items" given [], allowed is a list of strings, not empty'],
  [{ security: { capabilities: ["x"] } }, '"security.capabilities.0" given "x", allowed is a list'],
  [
    { security: { privileged: true, privilegeEscalation: false } },
    '"security.privilegeEscalation" cannot be false with "security.privileged"',
  ],
  [
    { supervision: { strategy: "all" } },
    '"supervision.strategy" given "all", allowed is "oneForOne"',
  ],
  [
    { supervision: { after: ["x"] } },
    '"supervision.after" means nothing without "supervision.app"',
  ],
  [
    { supervision: { backoff: { min: 9, max: 1 } } },
    '"supervision.backoff" given {"min":9,"max":1}',
  ],
  [{ drift: "ignore" }, '"drift" given "ignore", allowed is "repair" or "report"'],
  [{ patch: {} }, '"patch" given {}, allowed is a function'],
  [{ envs: { A: { secret: "S" } } }, '"envs.A" given an object, allowed is a string, { secret'],
];

for (const [params, words] of WRONG) {
  Deno.test(`checkRunParams() refuses ${JSON.stringify(params)}`, () => {
    throws(() => checkRunParams({ ...W, ...params } as RunParams, "team"), (e: Error) => {
      ok(e instanceof TypeError);
      ok(e.message.startsWith("Cannot run workload: "), e.message);
      ok(e.message.includes(words), e.message);
      return true;
    });
  });
}

Deno.test("checkRunParams() keeps what may be secret out of messages", () => {
  const secret = "hunter2";
  for (const envs of [secret, [secret], { A: [secret] }, { A: { value: secret } }]) {
    throws(() => checkRunParams({ ...W, envs } as unknown as RunParams, "team"), (e: Error) => {
      ok(e.message.includes('"envs'), e.message);
      ok(!e.message.includes(secret), e.message);
      return true;
    });
  }
});

Deno.test("checkRunParams() says how much items may be", () => {
  const items = Array.from({ length: 20_000 }, (_, i) => `item ${i}`);
  throws(() => checkRunParams({ ...W, items }, "team"), {
    message: /"items" given 20000 items of \d+ bytes as JSON, allowed are 102400 bytes/,
  });
});
