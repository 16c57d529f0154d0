import { strictEqual } from "node:assert/strict";
import { causeText } from "./config_error.ts";

Deno.test("causeText() names the variable when it is that which Deno may not read", () => {
  const error = new Deno.errors.NotCapable(
    'Requires env access to "LOG_TOKENS", run again with the --allow-env flag',
  );
  strictEqual(
    causeText(error, { flag: "read", value: "/k" }),
    'Deno may not read variable "LOG_TOKENS", start with --allow-env=LOG_TOKENS',
  );
});

Deno.test("causeText() names the file when Deno may not read it", () => {
  const error = new Deno.errors.NotCapable('Requires read access to "/k", run again');
  strictEqual(
    causeText(error, { flag: "read", value: "/k" }),
    "Deno may not read it, start with --allow-read=/k",
  );
});
