import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { ReflectorStatus } from "./reflector_status.ts";

Deno.test("ReflectorStatus is stale after silence and recovers when the server is heard", () => {
  using time = new FakeTime();
  const states: string[] = [];
  const status = new ReflectorStatus(1_000, (state) => states.push(state));
  strictEqual(status.health.lastHeardMs, Infinity);
  status.connected();
  status.synced();
  time.tick(999);
  status.heard();
  time.tick(999);
  deepStrictEqual(states, ["connected", "synced"]);
  time.tick(1);
  strictEqual(status.health.state, "stale");
  status.heard();
  status.synced();
  time.tick(10);
  status.stop();
  time.tick(10_000);
  deepStrictEqual(states, ["connected", "synced", "stale", "synced"]);
});

Deno.test("ReflectorStatus tells a state once and why it is disconnected", () => {
  using _time = new FakeTime();
  const told: unknown[] = [];
  const status = new ReflectorStatus(1_000, (state, error) => told.push([state, error?.message]));
  status.disconnected(new Error("one"));
  status.disconnected(new Error("two"));
  status.connected();
  status.connected();
  status.stop();
  deepStrictEqual(told, [["disconnected", "one"], ["connected", undefined]]);
  strictEqual(status.health.lastError?.message, "two");
});

Deno.test("ReflectorStatus sets no timer for what is heard after the end", () => {
  using time = new FakeTime();
  const status = new ReflectorStatus(1_000, () => {});
  status.stop();
  status.connected();
  strictEqual(time.next(), false);
});
