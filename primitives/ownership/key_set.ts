/** The keys that a member names, and whether that is stored. */
export class KeySet {
  readonly keys: ReadonlySet<string>;
  /** What they are to replace, until they are stored. */
  #before: KeySet | undefined;
  readonly #stored = Promise.withResolvers<void>();

  /** They are to be stored. */
  constructor(keys: ReadonlySet<string>, before?: KeySet) {
    this.keys = keys;
    this.#before = before;
    this.#stored.promise.catch(() => {}); // nobody has to wait for it
  }

  /** Resolves when they, or what replaced them, are stored; rejects when they are refused. */
  get stored(): Promise<void> {
    return this.#stored.promise;
  }

  /** They are in the record. */
  accept(): void {
    this.#stored.resolve();
    this.#before?.accept();
    this.#before = undefined;
  }

  /** They cannot be stored; returns those that were before, if there are any. */
  refuse(error: unknown): KeySet | undefined {
    if (this.#before) this.#stored.reject(error);
    return this.#before;
  }
}
