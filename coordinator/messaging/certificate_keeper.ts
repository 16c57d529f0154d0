/**
 * Keeps the certificates of a coordinator's workers good as long as it leads: makes those that are
 * missing where workers are to run, and renews them when that is due.
 */
import { asError } from "../../runtime/mod.ts";
import type { TlsTrust } from "../../messaging/mod.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import type { TlsStore } from "./tls_store.ts";

/** Milliseconds between two looks at the clock: a timer takes no more than 24 days, and may stand still. */
const LOOK_MS = 24 * 60 * 60 * 1000;
/** Milliseconds after which a renewal is tried again that has failed; there is a third of the time left. */
const RETRY_MS = 10 * 60 * 1000;

/** Options of {@linkcode CertificateKeeper}. */
export interface CertificateKeeperOptions {
  /** Where they are. */
  store: Pick<TlsStore, "ensure">;
  /** Hears that a renewal has failed; it is tried again. */
  onError: (error: Error) => void;
}

/** See the module's text. */
export class CertificateKeeper {
  readonly #store: Pick<TlsStore, "ensure">;
  readonly #onError: (error: Error) => void;
  readonly #namespaces = new Set<string>();
  #writing: Promise<unknown> = Promise.resolve();
  #mandate: Mandate | undefined;
  #trust: TlsTrust | undefined;
  #renewAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Nothing is sent yet. */
  constructor(options: CertificateKeeperOptions) {
    this.#store = options.store;
    this.#onError = options.onError;
  }

  /** By what workers are known; undefined before there was a certificate. */
  get trust(): TlsTrust | undefined {
    return this.#trust;
  }

  /**
   * Makes sure that workers of a namespace find a good certificate, and goes on to see to it until the
   * term ends.
   *
   * @throws as `TlsStore.ensure` does
   */
  async provide(namespace: string, mandate: Mandate): Promise<void> {
    mandate.check(); // a term that is over must not end the present one
    if (this.#mandate !== mandate) {
      this.end();
      this.#mandate = mandate;
    }
    this.#namespaces.add(namespace);
    await this.#ensure(mandate);
  }

  /** The term is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#mandate = undefined;
    this.#namespaces.clear();
  }

  /** Writes do not overlap. */
  #ensure(mandate: Mandate): Promise<void> {
    const written = this.#writing.then(async () => {
      const namespaces = [...this.#namespaces];
      const { renewAt, ...trust } = await this.#store.ensure(mandate, { namespaces });
      this.#trust = trust;
      this.#renewAt = renewAt;
      this.#lookIn(Math.min(LOOK_MS, renewAt - Date.now()), mandate);
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  #lookIn(ms: number, mandate: Mandate): void {
    clearTimeout(this.#timer);
    if (this.#mandate !== mandate) return;
    this.#timer = setTimeout(() => {
      if (Date.now() < this.#renewAt) {
        return this.#lookIn(Math.min(LOOK_MS, this.#renewAt - Date.now()), mandate);
      }
      this.#ensure(mandate).catch((error) => {
        if (mandate.signal.aborted || error instanceof NotLeadingError) return;
        this.#onError(asError(error));
        this.#lookIn(RETRY_MS, mandate);
      });
    }, ms);
  }
}
