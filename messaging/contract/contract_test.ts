import { ok, throws } from "node:assert/strict";
import { z } from "zod";
import { contract, isContract } from "./contract.ts";

Deno.test("contract() names the fields that are wrong, and not what is inside of schemas", () => {
  const output = z.string();
  const wrong: [unknown, RegExp][] = [
    [{ a: {} }, /: "specs\.a" has no fields, allowed is \{ input, output, errors, idempotent \}, /],
    [{ a: { output, stream: output } }, /: "specs\.a" has \{ output, stream \}, allowed is /],
    [{ a: { input: "text", output } }, /: "specs\.a" has \{ input: "text", output \}, allowed is /],
    [{ a: "text" }, /: "specs\.a" given "text", allowed is /],
    [{ a: undefined }, /: "specs\.a" nothing was given, allowed is /],
  ];
  for (const [specs, message] of wrong) {
    throws(() => contract("sample", specs as Record<never, never>), { name: "TypeError", message });
  }
});

Deno.test("isContract() tells what contract() made from anything else", () => {
  ok(isContract(contract("sample", { a: { event: z.string() } })));
  for (const other of [undefined, null, "sample", {}, { a: { event: z.string() } }]) {
    ok(!isContract(other));
  }
});
