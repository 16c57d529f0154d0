// What others lose by one that misbehaves, over real WebSockets and with workers in processes of their
// own. Times are loose, as they only tell "not held up" from "held up until it is over".
import { ok, strictEqual } from "node:assert/strict";
import {
  besideFlood,
  besideLarge,
  besideStandstill,
  besideStrangers,
} from "./testdata/isolation.ts";
import { at } from "./testdata/latencies.ts";

Deno.test("Group.ask() is answered by the others while one worker stands still", async () => {
  const { beside, stuck } = await besideStandstill(400);
  ok(stuck <= 40, `${stuck} asks wait for the worker that stands still`);
  ok(at(beside, 0.5) < 1_000, `${at(beside, 0.5)} ms`);
});

Deno.test("Group.ask() is answered while a message of nearly 16 MiB goes both ways", async () => {
  const { beside, ms } = await besideLarge(15 * 1024 * 1024);
  // the first one would be the only one if it had to wait for the large one
  ok(beside.length >= 2, `${beside.length} in ${ms} ms`);
});

Deno.test("a caller that floods a worker is cut off, and others are answered", async () => {
  const { beside, end } = await besideFlood();
  strictEqual(end.code, "limit", end.message);
  ok(beside.length > 0);
});

Deno.test("strangers that say much are cut off, and others are answered", async () => {
  const { beside, cut } = await besideStrangers(20);
  strictEqual(cut, 20);
  ok(beside.length > 0);
});
