/**
 * `deno task test`: runs the suites named on the command line: `unit`, `e2e`, `chaos`, whose tests kill
 * and pause coordinators, and `cluster`, the tests of rooms that compare with or need a real API server.
 *
 * Leak sanitizers are on: by flags since Deno 2.8, where they became opt-in, and by default
 * before. Arguments behind `--` go to `deno test`.
 *
 * The examples in the texts of primitives run on an embedded cluster whose pods are simulated: what
 * `Primitives.create()` finds is that.
 */
import { LocalCluster } from "../local/mod.ts";

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

/** The files of a folder that may have examples. */
async function modulesOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && name !== "testdata") found.push(...await modulesOf(`${folder}/${name}`));
    else if (/(?<!_test|_bench)\.ts$/.test(name)) found.push(`${folder}/${name}`);
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
          args: ["--doc", "docs/primitives.md", ...await modulesOf("primitives")],
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

if (import.meta.main) {
  Deno.chdir(new URL("../", import.meta.url));
  const split = Deno.args.indexOf("--");
  const suites = split < 0 ? Deno.args : Deno.args.slice(0, split);
  const rest = split < 0 ? [] : Deno.args.slice(split + 1);
  const sanitizers = needsSanitizerFlags(Deno.version.deno)
    ? ["--sanitize-ops", "--sanitize-resources"]
    : [];
  let failed = false;
  for (const suite of suites) {
    for (const { args, onCluster } of await suiteRuns(suite)) {
      await using cluster = onCluster
        ? await LocalCluster.start({ images: {}, runtime: "simulated" })
        : undefined;
      const { success } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--quiet", "-A", ...sanitizers, ...args, ...rest],
        env: cluster ? { KUBECONFIG: cluster.kubeconfig } : {},
        stdout: "inherit",
        stderr: "inherit",
      }).output();
      failed ||= !success;
    }
  }
  if (failed) Deno.exit(1);
}
