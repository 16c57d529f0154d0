import { deepStrictEqual } from "node:assert/strict";
import plugin from "./layers.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SOURCE = "export const both = AbortSignal.any([a, b]), late = AbortSignal.timeout(1);";

Deno.test("the plugin refuses AbortSignal.any, except where it is made right and in tests", () => {
  const found = (path: string) =>
    Deno.lint.runPlugin(plugin, `${ROOT}${path}`, SOURCE).map((d) => d.id);
  deepStrictEqual(found("kube/bad.ts"), ["troupe/any-signal"]);
  deepStrictEqual(found("runtime/any_signal.ts"), []);
  deepStrictEqual(found("kube/bad_test.ts"), []);
});
