/**
 * `deno task example NAME`: runs `examples/NAME/coordinator.ts` on an embedded cluster that has the images
 * of `examples/NAME/images.ts`, until the coordinator ends. It finds the cluster by KUBECONFIG, as it
 * would find any other one.
 */
import { type ImageSpec, LocalCluster } from "../local/mod.ts";

const EXAMPLES = new URL("../examples/", import.meta.url);

/** Names of the examples. */
export function exampleNames(): string[] {
  const names = [...Deno.readDirSync(EXAMPLES)].filter(({ isDirectory }) => isDirectory);
  return names.map(({ name }) => name).sort();
}

/** The images of an example. */
export async function exampleImages(name: string): Promise<Record<string, ImageSpec>> {
  const { images } = await import(new URL(`${name}/images.ts`, EXAMPLES).href);
  return images;
}

/** The command line of an example's coordinator. */
export function exampleCommand(name: string, args: readonly string[] = []): string[] {
  const { pathname } = new URL(`${name}/coordinator.ts`, EXAMPLES);
  return [Deno.execPath(), "run", "--quiet", "-A", pathname, ...args];
}

async function run(name: string, args: readonly string[]): Promise<number> {
  await using cluster = await LocalCluster.start({ images: await exampleImages(name) });
  const [program, ...rest] = exampleCommand(name, args) as [string, ...string[]];
  const child = new Deno.Command(program, {
    args: rest,
    env: { KUBECONFIG: cluster.kubeconfig },
  }).spawn();
  const ignore = (): void => {}; // the coordinator gets it too, and ends
  Deno.addSignalListener("SIGINT", ignore);
  try {
    return (await child.status).code;
  } finally {
    Deno.removeSignalListener("SIGINT", ignore);
  }
}

if (import.meta.main) {
  const [name = "", ...args] = Deno.args.filter((arg) => arg !== "--"); // which task runners hand on
  if (!exampleNames().includes(name)) {
    const known = exampleNames().map((known) => `"${known}"`).join(", ");
    console.error(`example: Cannot run "${name}": the examples are ${known}`);
    Deno.exit(2);
  }
  Deno.exit(await run(name, args));
}
