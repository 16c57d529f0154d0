/** `deno task ok`: the inner loop's gate. Runs every step and tells which failed and how long each took. */
import config from "../deno.json" with { type: "json" };

const ENTRIES = Object.values(config.exports);

const STEPS: [name: string, args: string[]][] = [
  ["format", ["fmt", "--check", "--quiet"]],
  ["lint", ["lint", "--quiet"]],
  ["types", ["check", "--quiet", "."]],
  ["documentation", ["doc", "--lint", "--quiet", ...ENTRIES]],
  ["publish", ["publish", "--dry-run", "--allow-dirty", "--quiet"]],
  // the types are checked above; those of examples in documentation only by `deno task test`
  ["unit tests", ["run", "-A", "scripts/test.ts", "unit", "--", "--no-check"]],
];

Deno.chdir(new URL("../", import.meta.url));
const results: string[] = [];
let failed = false;
for (const [name, args] of STEPS) {
  const started = performance.now();
  console.log(`\n── ${name}`);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    stdout: "inherit",
    stderr: "inherit",
  }).output();
  failed ||= !success;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  results.push(`${success ? "ok    " : "FAILED"} ${name.padEnd(14)} ${seconds.padStart(6)} s`);
}
console.log(`\n${results.join("\n")}`);
if (failed) Deno.exit(1);
