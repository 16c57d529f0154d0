/**
 * `deno task test`: runs the suites named on the command line: `unit`, `e2e`, `chaos`, whose tests kill
 * and pause coordinators, and `cluster`, the tests of rooms that compare with or need a real API server.
 *
 * Leak sanitizers are on: by flags since Deno 2.8, where they became opt-in, and by default
 * before. Arguments behind `--` go to `deno test`.
 */
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

/** What each suite gives to `deno test`. */
async function suiteArgs(suite: string): Promise<string[][]> {
  switch (suite) {
    case "unit": {
      const rooms = [];
      for (const room of ROOMS) if (await exists(room)) rooms.push(room);
      return [["--parallel", ...rooms, "tests/conformance", "tests/support"], [
        "--doc",
        "README.md",
        "docs/run.md",
      ]];
    }
    case "e2e":
      return [["tests/e2e"]];
    case "chaos":
      return [["tests/chaos"]];
    case "cluster":
      return [[
        "kube/objects",
        "coordinator/workloads/definition",
        "manifests",
        "local",
        "tests/conformance",
      ]];
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
    for (const args of await suiteArgs(suite)) {
      const { success } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--quiet", "-A", ...sanitizers, ...args, ...rest],
        stdout: "inherit",
        stderr: "inherit",
      }).output();
      failed ||= !success;
    }
  }
  if (failed) Deno.exit(1);
}
