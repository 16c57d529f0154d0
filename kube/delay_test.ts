import { rejects } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { delay } from "./delay.ts";

Deno.test("delay() resolves after its time, or rejects when its signal aborts", async () => {
  using time = new FakeTime();
  const controller = new AbortController();
  const done = delay(1_000, controller.signal);
  await time.tickAsync(1_000);
  await done;
  const stopped = rejects(delay(1_000, controller.signal), /stop/);
  controller.abort(new Error("stop"));
  await stopped;
});
