import { rejects, strictEqual } from "node:assert/strict";
import { Heard } from "./heard.ts";
import { until } from "./until.ts";

const SOON = { patience: 20 };

Deno.test("Heard.until() resolves with what fits, whether it was there or comes", async () => {
  const heard = new Heard<number>();
  const waiting = heard.until((item) => item > 1);
  for (const item of [1, 2, 3]) heard.add(item);
  strictEqual(await waiting, 2);
  strictEqual(await heard.until((item) => item > 2), 3);
});

Deno.test("Heard.until() rejects with what was heard instead when it does not come", async () => {
  const heard = new Heard<string>();
  heard.add("one");
  await rejects(heard.until((item) => item === "two", { ...SOON, what: "two" }), {
    message: 'Cannot hear two: not within 20 ms, heard are 1, the last [ "one" ]',
  });
});

Deno.test("until() rejects when what it looks for does not come", async () => {
  await rejects(until(() => false, { ...SOON, what: "two" }), {
    message: "Cannot see two: not within 20 ms",
  });
});
