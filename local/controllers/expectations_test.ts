import { rejects, strictEqual } from "node:assert/strict";
import { pod } from "../objects/testdata/builders.ts";
import { Expectations } from "./expectations.ts";

const UNSEEN = { deletion: false, isSeen: () => false };

Deno.test("Expectations awaits what was created until the cache has seen it", async () => {
  const expectations = new Expectations(() => 0);
  const created = pod("web-1");
  await expectations.during("set", () => Promise.resolve(created.metadata), UNSEEN);
  strictEqual(expectations.pendingFor("set"), 300_000);
  strictEqual(expectations.pendingFor("other"), 0);
  expectations.saw({ type: "added", object: created, replayed: false });
  strictEqual(expectations.pendingFor("set"), 0);
});

Deno.test("Expectations awaits a deletion until the pod is going", async () => {
  const expectations = new Expectations(() => 0);
  const doomed = pod("web-1", { uid: "doomed" });
  await expectations.during("set", () => Promise.resolve(doomed.metadata), {
    deletion: true,
    isSeen: () => false,
  });
  expectations.saw({ type: "modified", object: doomed, replayed: false });
  strictEqual(expectations.pendingFor("set") > 0, true);
  const going = pod("web-1", { uid: "doomed", deleting: true });
  expectations.saw({ type: "modified", object: going, replayed: false });
  strictEqual(expectations.pendingFor("set"), 0);
});

Deno.test("Expectations awaits nothing when the cache was faster than the answer", async () => {
  const expectations = new Expectations(() => 0);
  const seen = { deletion: false, isSeen: (key: string) => key === "default/web-1" };
  await expectations.during("set", () => Promise.resolve(pod("web-1").metadata), seen);
  strictEqual(expectations.pendingFor("set"), 0);
});

Deno.test("Expectations awaits nothing that came and went before the answer", async () => {
  const expectations = new Expectations(() => 0);
  const brief = pod("web-1");
  await expectations.during("set", () => {
    expectations.saw({ type: "added", object: brief, replayed: false });
    expectations.saw({ type: "deleted", object: brief, replayed: false });
    return Promise.resolve(brief.metadata);
  }, UNSEEN);
  strictEqual(expectations.pendingFor("set"), 0);
});

Deno.test("Expectations awaits nothing that failed, and nothing for ever", async () => {
  let now = 0;
  const expectations = new Expectations(() => now);
  await rejects(expectations.during("set", () => Promise.reject(new Error("no")), UNSEEN));
  strictEqual(expectations.pendingFor("set"), 0);
  await expectations.during("set", () => Promise.resolve(pod("lost").metadata), UNSEEN);
  now = 300_000;
  strictEqual(expectations.pendingFor("set"), 0);
  await expectations.during("set", () => Promise.resolve(pod("other").metadata), UNSEEN);
  expectations.forget("set");
  strictEqual(expectations.pendingFor("set"), 0);
});
