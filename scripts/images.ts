/**
 * `deno task images`: builds the container images `supervisor:latest`, `worker:latest` and
 * `command-worker:latest` with docker or podman, whichever is there and works.
 */
const IMAGES = [
  { tag: "supervisor:latest", file: "coordinator/Dockerfile" },
  { tag: "worker:latest", file: "worker/Dockerfile" },
  { tag: "command-worker:latest", file: "worker/command/Dockerfile" },
];

/** Why a builder cannot be used, or `undefined` if it can. */
export async function builderProblem(builder: string): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(builder, { args: ["info"] }).output();
    if (success) return undefined;
    const reason = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    return `${builder}: installed, but "${builder} info" fails: ${reason}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `${builder}: not found`;
    throw error;
  }
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url).pathname;
  const problems: string[] = [];
  let builder: string | undefined;
  for (const candidate of ["docker", "podman"]) {
    const problem = await builderProblem(candidate);
    if (problem === undefined) {
      builder = candidate;
      break;
    }
    problems.push(problem);
  }
  if (builder === undefined) {
    console.error("Cannot build images: neither docker nor podman can be used");
    for (const problem of problems) console.error(`  ${problem}`);
    Deno.exit(1);
  }
  for (const { tag, file } of IMAGES) {
    console.log(`building ${tag} with ${builder}`);
    const { success } = await new Deno.Command(builder, {
      args: ["build", "--tag", tag, "--file", file, "."],
      cwd: root,
      stdout: "inherit",
      stderr: "inherit",
    }).output();
    if (!success) {
      console.error(`Cannot build ${tag}: ${builder} build failed, its reason stands above`);
      Deno.exit(1);
    }
  }
}
