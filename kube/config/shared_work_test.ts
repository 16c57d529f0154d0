import { rejects, strictEqual } from "node:assert/strict";
import { SharedWork } from "./shared_work.ts";

Deno.test("SharedWork is aborted when the last who waits has given up", async () => {
  const aborted = Promise.withResolvers<string>();
  const work = new SharedWork((signal) => {
    signal.addEventListener("abort", () => aborted.resolve(signal.reason.message));
    return new Promise<never>(() => {});
  });
  const [first, second] = [new AbortController(), new AbortController()];
  const waiting = [first, second].map(({ signal }) => rejects(work.wait(signal), /enough/));
  first.abort(new Error("enough"));
  await waiting[0];
  strictEqual(work.abandoned, false);
  second.abort(new Error("enough, I said"));
  await waiting[1];
  strictEqual(work.abandoned, true);
  strictEqual(await aborted.promise, "enough, I said");
});

Deno.test("SharedWork goes on while somebody without a signal waits", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const work = new SharedWork(() => promise);
  const controller = new AbortController();
  const given = rejects(work.wait(controller.signal), /enough/);
  const result = work.wait();
  controller.abort(new Error("enough"));
  await given;
  strictEqual(work.abandoned, false);
  resolve(7);
  strictEqual(await result, 7);
});
