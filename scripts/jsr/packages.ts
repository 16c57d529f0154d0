/** Finds packages in folders of checked-out repositories. */

/** A package as it lies on disk. Paths are relative to `directory`. */
export interface CheckedOutPackage {
  /** With its scope. */
  readonly name: string;
  readonly version: string;
  readonly directory: string;
  readonly exports: Readonly<Record<string, string>>;
  /** What would be published. */
  readonly files: readonly string[];
  /** Files that are published in place of others. */
  readonly replaced: ReadonlyMap<string, string>;
  /** The `jsr:` specifiers in its own files. */
  readonly wants: readonly string[];
}

const CONFIG_NAMES: readonly string[] = ["jsr.json", "deno.json"];
const SOURCE = /\.(ts|tsx|js|mjs|json)$/;
/** How far below the given folder a package may begin: `checkout/folder/package`. */
const MAX_DEPTH = 3;

/** By name. Of two with one name the first counts. */
export async function findPackages(directory: string): Promise<Map<string, CheckedOutPackage>> {
  const found = new Map<string, CheckedOutPackage>();
  const visit = async (folder: string, depth: number): Promise<void> => {
    const one = await readPackage(folder);
    if (one && !found.has(one.name)) found.set(one.name, one);
    if (depth === MAX_DEPTH) return;
    for (const name of await listFolders(folder)) await visit(`${folder}/${name}`, depth + 1);
  };
  await visit(directory.replace(/\/+$/, ""), 0);
  return found;
}

async function readPackage(directory: string): Promise<CheckedOutPackage | undefined> {
  for (const configName of CONFIG_NAMES) {
    const text = await Deno.readTextFile(`${directory}/${configName}`).catch(() => undefined);
    if (!text) continue;
    const { name, version = "0.0.0", exports } = JSON.parse(text);
    if (!name || !exports) continue;
    const files = (await listFiles(directory)).sort();
    // Repositories that also publish by URL keep their dependencies for JSR in a second file.
    const replaced = new Map(
      files.filter((path) => path.endsWith("/deps_jsr.ts") || path === "deps_jsr.ts")
        .map((path) => [path.replace("deps_jsr.ts", "deps.ts"), path]),
    );
    return {
      name,
      version,
      directory,
      exports: typeof exports === "string" ? { ".": exports } : exports,
      files,
      replaced,
      wants: await findSpecifiers([...replaced.values()].map((path) => `${directory}/${path}`)),
    };
  }
  return undefined;
}

async function findSpecifiers(paths: readonly string[]): Promise<string[]> {
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  return texts.flatMap((text) => text.match(/jsr:[^"']+/g) ?? []);
}

async function listFolders(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isDirectory && !/^\.|^node_modules$/.test(entry.name)) names.push(entry.name);
  }
  return names.sort();
}

async function listFiles(directory: string, prefix = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(`${directory}/${prefix}`)) {
    if (entry.isFile && SOURCE.test(entry.name) && !/_test\.\w+$/.test(entry.name)) {
      files.push(prefix + entry.name);
    }
  }
  for (const name of await listFolders(`${directory}/${prefix}`)) {
    if (name !== "testdata") files.push(...await listFiles(directory, `${prefix}${name}/`));
  }
  return files;
}
