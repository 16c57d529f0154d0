/**
 * The lint plugin that keeps the rooms in order: an import may only point down, and enters
 * another room only through its door (`mod.ts`).
 *
 * The table below is `docs/architecture.md` as code. A folder that is not in it belongs to the
 * room of its nearest listed parent.
 *
 * @module
 */

import { anySignalRule } from "./any_signal.ts";

/** For each room, the rooms that it may import. A room may always import itself. */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  "runtime": [],
  "websocket": [],
  "kube": ["runtime", "websocket"],
  "messaging": ["runtime", "websocket"],
  "primitives": ["kube", "runtime"],
  "worker": ["kube", "messaging", "primitives", "runtime", "websocket"],
  "coordinator": ["kube", "manifests", "messaging", "primitives", "runtime"],
  "manifests": [],
  "testing": [],
  "local/apiserver": ["websocket"],
  "local/objects": ["kube"],
  "local/controllers": ["kube", "local/objects"],
  "local/scheduler": ["kube", "local/objects"],
  "local/node": ["kube", "runtime", "websocket"],
  "local": ["local/apiserver", "local/controllers", "local/scheduler", "local/node", "kube"],
  "cli": ["coordinator", "worker", "local", "manifests", "kube"],
};

/** Rooms that see everything: they put the others together, and nothing imports them. */
const OUTSIDE = new Set(["", "scripts", "tests", "examples", "offline", ".ci"]);

/** The room that a path inside the repository belongs to. */
export function roomOf(path: string): string {
  const parts = path.split("/").slice(0, -1);
  for (let n = parts.length; n > 0; n--) {
    const candidate = parts.slice(0, n).join("/");
    if (candidate in LAYERS) return candidate;
  }
  return parts[0] ?? "";
}

/** Why `from` must not import `to`, both paths inside the repository; `undefined` if it may. */
export function complaint(from: string, to: string): string | undefined {
  const [importer, imported] = [roomOf(from), roomOf(to)];
  if (importer === imported || OUTSIDE.has(importer)) return undefined;
  // a test or a benchmark may use the tools of testing/ and drive any room from outside
  if (/_(test|bench)\.ts$/.test(from)) return undefined;
  if (OUTSIDE.has(imported)) {
    return `Room "${importer}" cannot import "${to}": it lies outside the rooms`;
  }
  if (!LAYERS[importer]?.includes(imported)) {
    const allowed = LAYERS[importer]?.map((room) => `"${room}"`).join(", ") || "no other room";
    return `Room "${importer}" cannot import room "${imported}": it may import ${allowed}`;
  }
  if (to !== `${imported}/mod.ts`) {
    return `Room "${importer}" cannot import "${to}": the door of "${imported}" is "${imported}/mod.ts"`;
  }
  return undefined;
}

/** Resolves `.` and `..` of a relative specifier against the importing file. */
function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

const ROOT = new URL("../../", import.meta.url).pathname;

/** The plugin, for `lint.plugins` of deno.json. */
const plugin: Deno.lint.Plugin = {
  name: "troupe",
  rules: {
    "any-signal": anySignalRule,
    layers: {
      create(context) {
        if (!context.filename.startsWith(ROOT)) return {};
        const from = context.filename.slice(ROOT.length);
        function check(source: { value: unknown; range: Deno.lint.Range } | null): void {
          if (typeof source?.value !== "string" || !source.value.startsWith(".")) return;
          const message = complaint(from, resolve(from, source.value));
          if (message !== undefined) context.report({ range: source.range, message });
        }
        return {
          ImportDeclaration: (node) => check(node.source),
          ExportNamedDeclaration: (node) => check(node.source),
          ExportAllDeclaration: (node) => check(node.source),
          ImportExpression: (node) => {
            if (node.source.type === "Literal") check(node.source);
          },
        };
      },
    },
  },
};
export default plugin;
