/** Sorted milliseconds of calls one after another. */
export async function latencies(count: number, call: () => Promise<unknown>): Promise<number[]> {
  let left = count;
  return await latenciesWhile(() => left-- > 0, call);
}

/** Sorted milliseconds of calls one after another, for as long as something holds. */
export async function latenciesWhile(
  holds: () => boolean,
  call: () => Promise<unknown>,
): Promise<number[]> {
  const all: number[] = [];
  while (holds()) {
    const begun = performance.now();
    await call();
    all.push(performance.now() - begun);
  }
  return all.sort((a, b) => a - b);
}

/** The value of sorted ones below which that part of them is. */
export function at(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
