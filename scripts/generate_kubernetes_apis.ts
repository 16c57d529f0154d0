/**
 * Generates `offline/kubernetes-apis/generated` from an OpenAPI v2 document.
 *
 * ```sh
 * deno run -A scripts/generate_kubernetes_apis.ts openapi.json
 * deno run -A scripts/generate_kubernetes_apis.ts --cluster ~/.kube/config
 * deno run -A scripts/generate_kubernetes_apis.ts openapi.json --check   # only compares
 * ```
 *
 * The same document gives the same files. The groups are those listed in `generate/groups.ts`,
 * or with `--groups meta/v1,core/v1,...` others.
 */
import { parseArgs } from "@std/cli/parse-args";
import { describeGroup, GROUPS } from "./generate/groups.ts";
import { generateModule } from "./generate/modules.ts";
import type { OpenApiDocument } from "./generate/openapi.ts";
import { describeSurface } from "./generate/operations.ts";
import { generateStructs } from "./generate/structs.ts";

const TARGET = new URL("../offline/kubernetes-apis/generated/", import.meta.url);

/** The text of each file, by its path below the target folder. */
export function generateFiles(
  document: OpenApiDocument,
  paths: readonly string[] = GROUPS,
): Map<string, string> {
  const groups = paths.map((path) => describeGroup(document, path));
  const files = new Map<string, string>();
  for (const group of groups) {
    const surface = describeSurface(document, group);
    const { kinds } = surface;
    files.set(`${group.path}/structs.ts`, generateStructs(document, { group, groups, kinds }));
    if (surface.methods.length > 0) {
      files.set(`${group.path}/mod.ts`, generateModule(surface, { group, groups }));
    }
  }
  return files;
}

/** Names of files that differ from what is on disk. */
export async function findStale(files: ReadonlyMap<string, string>): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, text] of files) {
    const present = await Deno.readTextFile(new URL(path, TARGET)).catch(() => undefined);
    if (present !== text) stale.push(path);
  }
  return stale;
}

async function writeFiles(files: ReadonlyMap<string, string>): Promise<void> {
  await Deno.remove(TARGET, { recursive: true }).catch(() => {});
  for (const [path, text] of files) {
    await Deno.mkdir(new URL(".", new URL(path, TARGET)), { recursive: true });
    await Deno.writeTextFile(new URL(path, TARGET), text);
  }
}

async function main(args: string[]): Promise<number> {
  const { cluster, check, groups, _: [path] } = parseArgs(args, {
    boolean: ["check"],
    string: ["cluster", "groups"],
  });
  if (!cluster && !path) {
    console.error(
      "usage: generate_kubernetes_apis.ts (OPENAPI_JSON | --cluster KUBECONFIG) [--check] [--groups LIST]",
    );
    return 2;
  }
  const document: OpenApiDocument = cluster
    // Loaded on demand: it stands on what is generated here.
    ? await (await import("./generate/fetch_openapi.ts")).fetchOpenApi(cluster)
    : JSON.parse(await Deno.readTextFile(String(path)));
  const files = generateFiles(document, groups?.split(","));
  const stale = await findStale(files);
  if (check) {
    for (const path of stale) console.error(`differs: ${path}`);
    return stale.length > 0 ? 1 : 0;
  }
  await writeFiles(files);
  console.log(`${files.size} files from ${document.info.title} ${document.info.version}`);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
