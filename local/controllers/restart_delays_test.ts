import { strictEqual } from "node:assert/strict";
import { pod } from "../objects/testdata/builders.ts";
import { RestartDelays } from "./restart_delays.ts";

Deno.test("RestartDelays.next() is nothing at first, then doubles while pods end soon", () => {
  let now = 0;
  const delays = new RestartDelays(() => now);
  const next = (uid: string, node = "a") => delays.next("set", pod("p", { uid, node }));
  strictEqual(next("1"), 0);
  strictEqual(next("2"), 1_000);
  now += 400;
  strictEqual(next("2"), 600);
  now += 600;
  strictEqual(next("2"), 0);
  strictEqual(next("3"), 2_000);
  strictEqual(next("4", "b"), 0); // another node
  for (let i = 4; i < 20; i++) next(String(i));
  strictEqual(next("20"), 60_000);
  now += 200_000; // it has stayed well
  strictEqual(next("21"), 0);
  delays.forget("set");
  strictEqual(next("22"), 0);
});
