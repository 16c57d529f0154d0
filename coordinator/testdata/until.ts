/** Options of what waits in tests. */
export interface UntilOptions {
  /**
   * What is waited for, for the error if it does not come.
   * @default the text of the function
   */
  what?: string;
  /**
   * Milliseconds after which it does not come any more.
   * @default a minute, for what comes at once on a machine that is not busy
   */
  patience?: number;
}

/** The default of {@linkcode UntilOptions.patience}. */
export const PATIENCE_MS = 60_000;

/** Waits for what nothing announces, such as what a watch brings, looking each 5 ms. */
export async function until(
  look: () => boolean | Promise<boolean>,
  options: UntilOptions = {},
): Promise<void> {
  const { what = String(look), patience = PATIENCE_MS } = options;
  const latest = performance.now() + patience;
  while (!await look()) {
    if (performance.now() > latest) {
      throw new Error(`Cannot see ${what}: not within ${patience} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
