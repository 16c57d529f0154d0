/**
 * `deno task test`: runs the suites named on the command line: `unit`, `e2e`, `chaos`, whose tests kill
 * and pause coordinators, and `cluster`, the tests of rooms that compare with or need a real API server.
 *
 * Leak sanitizers are on: by flags since Deno 2.8, where they became opt-in, and by default
 * before. Arguments behind `--` go to `deno test`.
 *
 * The examples in the texts of primitives run on an embedded cluster whose pods are simulated: what
 * `Primitives.create()` finds is that.
 *
 * A suite that hangs is ended after its limit, and fails; TROUPE_TEST_LIMIT gives another one, in
 * minutes.
 */
import { LocalCluster } from "../local/mod.ts";
import { runBounded } from "./bounded_run.ts";

/** Minutes that a suite may take, several times what it takes on a busy machine with two cores. */
const LIMITS: Readonly<Record<string, number>> = { unit: 12, e2e: 25, chaos: 25, cluster: 20 };

const ROOMS = [
  "runtime",
  "websocket",
  "kube",
  "coordinator",
  "worker",
  "manifests",
  "messaging",
  "primitives",
  "local",
  "testing",
  "cli",
  "scripts",
  "offline",
];

/** Whether this Deno has the sanitizers off unless it is told. */
export function needsSanitizerFlags(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 8);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** A call of `deno test`. */
interface TestRun {
  args: string[];
  /** Whether there is a cluster, which `KUBECONFIG` names. */
  onCluster?: boolean;
}

/** Modules, which may have examples. */
const MODULES = /(?<!_test|_bench)\.ts$/;
/** Tests of what has to agree with a real API server too. */
const SERVER_TESTS = /_server_test\.ts$/;

/** The files of a folder whose names match. */
async function filesOf(folder: string, pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && name !== "testdata") {
      found.push(...await filesOf(`${folder}/${name}`, pattern));
    } else if (pattern.test(name)) found.push(`${folder}/${name}`);
  }
  return found.sort();
}

/** What each suite gives to `deno test`. */
async function suiteRuns(suite: string): Promise<TestRun[]> {
  switch (suite) {
    case "unit": {
      const rooms = [];
      for (const room of ROOMS) if (await exists(room)) rooms.push(room);
      return [
        { args: ["--parallel", ...rooms, "tests/conformance", "tests/support"] },
        { args: ["--doc", "README.md", "docs/run.md"] },
        {
          args: ["--doc", "docs/primitives.md", ...await filesOf("primitives", MODULES)],
          onCluster: true,
        },
      ];
    }
    case "e2e":
      return [{ args: ["tests/e2e"] }];
    case "chaos":
      return [{ args: ["tests/chaos"] }];
    case "cluster":
      return [{
        args: [
          "kube/objects",
          "coordinator/workloads/definition",
          "manifests",
          "local",
          "tests/conformance",
          ...await filesOf("primitives", SERVER_TESTS),
        ],
      }];
    default:
      throw new RangeError(
        `Cannot run the suite ${
          JSON.stringify(suite)
        }: allowed are "unit", "e2e", "chaos", "cluster"`,
      );
  }
}

/** Minutes that each call of `deno test` for a suite may take. */
function limitOf(suite: string): number {
  const given = Deno.env.get("TROUPE_TEST_LIMIT");
  const minutes = given === undefined ? LIMITS[suite]! : Number(given);
  if (minutes > 0) return minutes;
  throw new RangeError(
    `Cannot limit suites to "${given}" minutes: TROUPE_TEST_LIMIT is a number above 0`,
  );
}

/** Runs suites to their ends, or until it is interrupted; tells whether all tests have passed. */
async function runSuites(suites: readonly string[], rest: readonly string[]): Promise<boolean> {
  const sanitizers = needsSanitizerFlags(Deno.version.deno)
    ? ["--sanitize-ops", "--sanitize-resources"]
    : [];
  let passed = true;
  for (const suite of suites) {
    const runs = await suiteRuns(suite);
    const minutes = limitOf(suite);
    for (const { args, onCluster } of runs) {
      await using cluster = onCluster
        ? await LocalCluster.start({ images: {}, runtime: "simulated" })
        : undefined;
      const all = ["test", "--quiet", "-A", ...sanitizers, ...args, ...rest];
      const end = await runBounded(Deno.execPath(), all, {
        limit: minutes * 60_000,
        env: cluster ? { KUBECONFIG: cluster.kubeconfig } : {},
      });
      if (end === "interrupted") return false;
      if (end === "late") {
        console.error(
          `Cannot wait for suite "${suite}" any longer: it has not ended within ${minutes} minutes, ` +
            'see what "has been running for over" last (TROUPE_TEST_LIMIT=MINUTES gives more time)',
        );
      }
      passed &&= end === "passed";
    }
  }
  return passed;
}

if (import.meta.main) {
  Deno.chdir(new URL("../", import.meta.url));
  const split = Deno.args.indexOf("--");
  const suites = split < 0 ? Deno.args : Deno.args.slice(0, split);
  const rest = split < 0 ? [] : Deno.args.slice(split + 1);
  if (!await runSuites(suites, rest)) Deno.exit(1);
}
