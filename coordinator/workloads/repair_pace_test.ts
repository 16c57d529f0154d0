import { ok, strictEqual } from "node:assert/strict";
import { RepairPace } from "./repair_pace.ts";

const MINUTE = 60_000;

Deno.test("RepairPace repairs at once, and ever more rarely what is undone every 15 s for a day", () => {
  let now = 0;
  const pace = new RepairPace(() => now);
  let repairs = 0;
  for (; now < 24 * 60 * MINUTE; now += 15_000) { // as an autoscaler looks
    if (pace.waitOf("a") > 0) continue;
    pace.repaired("a");
    repairs++;
  }
  ok(repairs < 24 * 12 + 12, `${repairs} repairs`);
  strictEqual(pace.waitOf("b"), 0);
});

Deno.test("RepairPace doubles the pause, and begins anew after a quiet time", () => {
  let now = 0;
  const pace = new RepairPace(() => now);
  pace.repaired("a");
  strictEqual(pace.waitOf("a"), 1_000);
  now += 1_000;
  strictEqual(pace.waitOf("a"), 0);
  pace.repaired("a");
  strictEqual(pace.waitOf("a"), 2_000);
  now += 9 * MINUTE;
  pace.repaired("a");
  strictEqual(pace.waitOf("a"), 4_000);
  now += 10 * MINUTE;
  strictEqual(pace.waitOf("a"), 0);
  pace.repaired("a");
  strictEqual(pace.waitOf("a"), 1_000);
});
