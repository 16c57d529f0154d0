import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { findPackages } from "./packages.ts";
import { startRegistry } from "./registry.ts";

Deno.test("findPackages() finds packages and members of workspaces in checkouts", async () => {
  await using dir = await checkouts();
  const packages = await findPackages(dir.path);
  deepStrictEqual([...packages.keys()].sort(), ["@shop/cart", "@shop/price", "@shop/tax"]);
  deepStrictEqual(packages.get("@shop/price")!.exports, { ".": "./mod.ts" });
  deepStrictEqual(packages.get("@shop/cart")!.files, [
    "deps.ts",
    "deps_jsr.ts",
    "jsr.json",
    "mod.ts",
  ]);
});

Deno.test("startRegistry() serves versions, manifests and files as JSR does", async () => {
  await using dir = await checkouts();
  await using registry = await startRegistry(dir.path, ["jsr:@shop/cart@^0.7.0"]);
  const get = async (path: string) => await (await fetch(registry.url + path)).text();

  const meta = JSON.parse(await get("@shop/cart/meta.json"));
  deepStrictEqual(Object.keys(meta.versions), ["0.5.2", "0.7.0"]);
  // Asked for by the cart.
  const price = JSON.parse(await get("@shop/price/meta.json"));
  deepStrictEqual(Object.keys(price.versions), ["1.2.0", "1.0.5"]);

  const { manifest, exports } = JSON.parse(await get("@shop/cart/0.7.0_meta.json"));
  deepStrictEqual(exports, { ".": "./mod.ts" });
  const deps = await get("@shop/cart/0.7.0/deps.ts");
  strictEqual(deps, 'export * from "jsr:@shop/price@1.0.5";\n');
  strictEqual(manifest["/deps.ts"].size, deps.length);
  match(manifest["/deps.ts"].checksum, /^sha256-[0-9a-f]{64}$/);

  const missing = await fetch(`${registry.url}@shop/absent/meta.json`);
  deepStrictEqual([missing.status, (await missing.json()).code], [404, "notFound"]);
});

Deno.test("startRegistry() rewrites imports of other packages", async () => {
  await using dir = await checkouts();
  await using registry = await startRegistry(dir.path, []);
  const text = await (await fetch(`${registry.url}@shop/price/1.2.0/mod.ts`)).text();
  strictEqual(
    text,
    `import { tax } from "jsr:@shop/tax@0.1.0/eu";
import type { Other } from "@other/package";
export { tax };
const lazy = await import('jsr:@shop/tax@0.1.0');
`,
  );
});

async function checkouts(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  const files: Record<string, string> = {
    "cart/jsr.json": JSON.stringify({
      name: "@shop/cart",
      version: "0.5.2",
      exports: { ".": "./mod.ts" },
    }),
    "cart/mod.ts": 'export * from "./deps.ts";\n',
    "cart/mod_test.ts": "",
    "cart/deps.ts": 'export * from "https://example.org/price.ts";\n',
    "cart/deps_jsr.ts": 'export * from "jsr:@shop/price@1.0.5";\n',
    "std/deno.json": JSON.stringify({ workspace: ["./price", "./tax"] }),
    "std/price/deno.json": JSON.stringify({
      name: "@shop/price",
      version: "1.2.0",
      exports: "./mod.ts",
    }),
    "std/price/mod.ts": `import { tax } from "@shop/tax/eu";
import type { Other } from "@other/package";
export { tax };
const lazy = await import('@shop/tax');
`,
    "std/tax/deno.json": JSON.stringify({
      name: "@shop/tax",
      version: "0.1.0",
      exports: { ".": "./mod.ts", "./eu": "./eu.ts" },
    }),
    "std/tax/eu.ts": "export const tax = 0.19;\n",
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(`${path}/${name}`.replace(/[^/]+$/, ""), { recursive: true });
    await Deno.writeTextFile(`${path}/${name}`, text);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
