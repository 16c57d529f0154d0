/**
 * A JSR registry on loopback that serves packages from local checkouts.
 *
 * Deno asks it (by `JSR_URL`) as it asks jsr.io: for a package's versions, for the manifest of
 * one, for its files. As the real packages are published with their imports rewritten, so are
 * they here, on the way out. Every version that anyone asks for is said to be there.
 */
import { type CheckedOutPackage, findPackages } from "./packages.ts";

export interface Registry extends AsyncDisposable {
  /** For `JSR_URL`, ends with a slash. */
  readonly url: string;
  /** Names and versions served, for people. */
  readonly packages: readonly string[];
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  js: "application/javascript",
  mjs: "application/javascript",
  json: "application/json",
};

interface PackageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly checksum: string;
}

/** Serves the packages found in `directory` and its folders; `wanted` are `jsr:` specifiers. */
export async function startRegistry(
  directory: string,
  wanted: readonly string[],
): Promise<Registry> {
  const packages = await findPackages(directory);
  const versions = versionsOf(packages, wanted);
  const handler = new Handler(packages, versions);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => handler.respond(new URL(request.url).pathname),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    packages: [...packages.values()].map(({ name, version }) => `${name}@${version}`),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

class Handler {
  readonly #packages: ReadonlyMap<string, CheckedOutPackage>;
  readonly #versions: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #files: Map<string, Promise<Map<string, PackageFile>>> = new Map();

  constructor(
    packages: ReadonlyMap<string, CheckedOutPackage>,
    versions: ReadonlyMap<string, ReadonlySet<string>>,
  ) {
    this.#packages = packages;
    this.#versions = versions;
  }

  /** `/@scope/name/meta.json`, `/@scope/name/VERSION_meta.json`, `/@scope/name/VERSION/FILE`. */
  async respond(pathname: string): Promise<Response> {
    const [, scope, name, ...rest] = decodeURIComponent(pathname).split("/");
    const found = this.#packages.get(`${scope}/${name}`);
    if (!found) return missing(pathname);
    if (rest[0] === "meta.json") return Response.json(this.#versionList(found));
    const files = await this.#filesOf(found);
    if (rest.length === 1 && rest[0]!.endsWith("_meta.json")) {
      const manifest = Object.fromEntries(
        [...files].map(([path, { bytes, checksum }]) => [path, { size: bytes.length, checksum }]),
      );
      return Response.json({ manifest, exports: found.exports });
    }
    const file = files.get(`/${rest.slice(1).join("/")}`);
    if (!file) return missing(pathname);
    const type = CONTENT_TYPES[/\w+$/.exec(pathname)![0]] ?? "application/typescript";
    return new Response(file.bytes, { headers: { "content-type": type } });
  }

  #versionList({ name, version }: CheckedOutPackage): unknown {
    const [scope, short] = name.slice(1).split("/");
    const versions = [...this.#versions.get(name)!].map((one) => [one, {
      createdAt: "2020-01-01T00:00:00Z",
    }]);
    return { scope, name: short, latest: version, versions: Object.fromEntries(versions) };
  }

  #filesOf(found: CheckedOutPackage): Promise<Map<string, PackageFile>> {
    let files = this.#files.get(found.name);
    if (!files) {
      files = this.#readFiles(found);
      this.#files.set(found.name, files);
    }
    return files;
  }

  async #readFiles(found: CheckedOutPackage): Promise<Map<string, PackageFile>> {
    const files = new Map<string, PackageFile>();
    for (const path of found.files) {
      const source = found.replaced.get(path) ?? path;
      const text = this.#withJsrImports(await Deno.readTextFile(`${found.directory}/${source}`));
      const bytes = Uint8Array.from(new TextEncoder().encode(text));
      files.set(`/${path}`, { bytes, checksum: `sha256-${await sha256(bytes)}` });
    }
    return files;
  }

  /** `from "@std/path/join"` becomes `from "jsr:@std/path@1.2.3/join"`. */
  #withJsrImports(text: string): string {
    return text.replace(
      /(\bfrom\s*|\bimport\s*\(?\s*)(["'])(@[\w-]+\/[\w-]+)((?:\/[^"']*)?\2)/g,
      (whole, start: string, quote: string, name: string, end: string) => {
        const target = this.#packages.get(name);
        return target ? `${start}${quote}jsr:${name}@${target.version}${end}` : whole;
      },
    );
  }
}

/** What each package is asked for, and what it says that it is. */
function versionsOf(
  packages: ReadonlyMap<string, CheckedOutPackage>,
  wanted: readonly string[],
): Map<string, Set<string>> {
  const versions = new Map<string, Set<string>>();
  for (const { name, version } of packages.values()) versions.set(name, new Set([version]));
  for (const specifier of [...wanted, ...[...packages.values()].flatMap((one) => one.wants)]) {
    const [, name, version] = /^jsr:\/?(@[^/]+\/[^@/]+)@[\^~]?(\d+\.\d+\.\d+)/.exec(specifier) ??
      [];
    if (name && version) versions.get(name)?.add(version);
  }
  return versions;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function missing(pathname: string): Response {
  return Response.json({ code: "notFound", message: `no ${pathname} here` }, { status: 404 });
}
