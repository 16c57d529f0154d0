import { deepStrictEqual } from "node:assert/strict";
import { programEnvironment } from "./environment.ts";

Deno.test("programEnvironment() is the worker's without its keys", () => {
  const own = { PATH: "/bin", TROUPE_PORT: "8080", TROUPE_KEYS: "{}", TROUPE_TLS_KEY: "secret" };
  deepStrictEqual(programEnvironment(own), { PATH: "/bin", TROUPE_PORT: "8080" });
});
