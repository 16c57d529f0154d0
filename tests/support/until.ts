/** Waits for a condition that nothing announces, looking each 20 ms; rejects after `timeout` ms. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  options: { timeout?: number } = {},
): Promise<T> {
  const { timeout = 30_000 } = options;
  const started = performance.now();
  while (true) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() - started > timeout) {
      throw new Error(`Cannot see ${what}: not within ${timeout} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
