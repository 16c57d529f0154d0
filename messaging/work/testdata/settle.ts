import type { FakeTime } from "@std/testing/time";

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 50; n++) await Promise.resolve();
}

/** Lets time pass in steps of a second until the promise has settled. */
export async function pass<T>(time: FakeTime, promise: Promise<T>): Promise<T> {
  let settled = false;
  const note = (): void => void (settled = true);
  promise.then(note, note);
  while (!settled) await time.tickAsync(1_000);
  return await promise;
}

/** Lets so much time pass, in steps, so that what one timer leads to can set the next one. */
export async function lapse(time: FakeTime, ms: number, step = 100): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    await time.tickAsync(Math.min(step, left));
    await settle();
  }
}
