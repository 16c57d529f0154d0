import { deepStrictEqual } from "node:assert/strict";
import { permissionFlags } from "./compile.ts";

Deno.test("permissionFlags() turns a set into flags and leaves out what is not allowed", () => {
  deepStrictEqual(permissionFlags({ net: true, env: ["A", "B"], run: false }), [
    "--allow-net",
    "--allow-env=A,B",
  ]);
});
