import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { type Budget, TokenBucket } from "./token_bucket.ts";

function makeBucket(time: FakeTime, budget: Budget): TokenBucket {
  return new TokenBucket(budget, { now: () => time.now });
}

Deno.test("TokenBucket.take() lets a burst pass and then so many a second", async () => {
  using time = new FakeTime(0);
  const bucket = makeBucket(time, { perSecond: 10, burst: 5 });
  const passedAt: number[] = [];
  const all = Array.from({ length: 12 }, () => bucket.take().then(() => passedAt.push(time.now)));
  await time.runAllAsync();
  await Promise.all(all);
  deepStrictEqual(passedAt, [0, 0, 0, 0, 0, 100, 200, 300, 400, 500, 600, 700]);
});

Deno.test("TokenBucket.take() never exceeds the budget in any window", async () => {
  using time = new FakeTime(0);
  const budget = { perSecond: 20, burst: 40 };
  const bucket = makeBucket(time, budget);
  const passedAt: number[] = [];
  const seconds = 4;
  const hammer = async () => {
    while (time.now < seconds * 1000) {
      await bucket.take();
      passedAt.push(time.now);
    }
  };
  const all = [hammer(), hammer(), hammer()];
  while (time.now < seconds * 1000) await time.tickAsync(37);
  await time.runAllAsync();
  await Promise.all(all);
  for (let i = 0; i < passedAt.length; i++) {
    const window = passedAt.filter((at) => at >= passedAt[i]! && at < passedAt[i]! + 1000).length;
    strictEqual(window <= budget.burst + budget.perSecond, true, `${window} from ${passedAt[i]}`);
  }
  const total = budget.burst + budget.perSecond * seconds;
  strictEqual(passedAt.length <= total + 3 && passedAt.length > total - 20, true);
});

Deno.test("TokenBucket.take() tells how long it waited", async () => {
  using time = new FakeTime(0);
  const bucket = makeBucket(time, { perSecond: 4, burst: 1 });
  strictEqual(await bucket.take(), 0);
  const second = bucket.take();
  await time.tickAsync(250);
  strictEqual(await second, 250);
});

Deno.test("TokenBucket.take() serves urgent takers first, each kind in turn", async () => {
  using time = new FakeTime(0);
  const bucket = makeBucket(time, { perSecond: 1, burst: 1 });
  await bucket.take();
  const order: string[] = [];
  const all = ["a", "b", "URGENT", "URGENT2"].map((name) =>
    bucket.take({ urgent: name.startsWith("URGENT") }).then(() => order.push(name))
  );
  await time.runAllAsync();
  await Promise.all(all);
  deepStrictEqual(order, ["URGENT", "URGENT2", "a", "b"]);
});

Deno.test("TokenBucket.take() gives its turn to the next when the signal aborts", async () => {
  using time = new FakeTime(0);
  const bucket = makeBucket(time, { perSecond: 1, burst: 1 });
  await bucket.take();
  const controller = new AbortController();
  const aborted = bucket.take({ signal: controller.signal });
  const next = bucket.take();
  const reason = new Error("enough");
  controller.abort(reason);
  await rejects(aborted, reason);
  strictEqual(bucket.waiting, 1);
  await time.tickAsync(1000);
  strictEqual(await next, 1000);
  await rejects(bucket.take({ signal: controller.signal }), reason);
});

Deno.test("TokenBucket() leaves no timer when all that waited gave up", async () => {
  const bucket = new TokenBucket({ perSecond: 0.001, burst: 1 });
  await bucket.take();
  const controller = new AbortController();
  const waiting = bucket.take({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await rejects(waiting, /enough/); // the sanitizer fails if a timer is left
});

Deno.test("TokenBucket() refuses a budget that lets nothing pass", () => {
  throws(() => new TokenBucket({ perSecond: 0, burst: 1 }), /perSecond: 0, burst: 1/);
  throws(() => new TokenBucket({ perSecond: 1, burst: 0 }), RangeError);
  throws(() => new TokenBucket({ perSecond: NaN, burst: 1 }), RangeError);
});
