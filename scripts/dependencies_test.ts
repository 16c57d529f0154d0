// The budget of what a program loads that imports the package: a new dependency is a decision.
import { deepStrictEqual, ok } from "node:assert/strict";

/**
 * The npm packages that may be there. `@noble/hashes`, `@peculiar/utils` and `bytestreamjs` are what
 * `pkijs` and `asn1js` need, which make certificates: a program without TLS does not load them. Of those
 * that do they are the smallest set, and load in 40 ms where `@peculiar/x509` takes 200 ms and 20 packages.
 * The last three are types and what `js-yaml` needs.
 */
const PACKAGES = [
  "@noble/hashes",
  "@peculiar/utils",
  "asn1js",
  "bytestreamjs",
  "croner",
  "jose",
  "js-yaml",
  "pkijs",
  "yaml",
  "zod",
  "@types/node",
  "argparse",
  "undici-types",
];

/** Source text of our own modules, in bytes: about half of it is comments. */
const MAX_BYTES = 2 * 1024 * 1024;

interface Info {
  modules: { specifier: string; size?: number }[];
  npmPackages: Record<string, { name: string }>;
}

Deno.test("the package loads no other npm packages than those agreed on, and at most 2 MiB of source", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "mod.ts"],
    cwd: new URL("../", import.meta.url),
  }).output();
  const { modules, npmPackages } = JSON.parse(new TextDecoder().decode(stdout)) as Info;
  const names = Object.values(npmPackages).map(({ name }) => name);
  deepStrictEqual(names.filter((name) => !PACKAGES.includes(name)), []);
  const own = modules.filter(({ specifier }) =>
    specifier.startsWith("file:") && !specifier.includes("/offline/")
  );
  const bytes = own.reduce((sum, { size = 0 }) => sum + size, 0);
  ok(bytes > 0 && bytes <= MAX_BYTES, `${bytes} bytes of source`);
});
