import { Reflector } from "../../kube/mod.ts";
import type { RequestContext } from "../context.ts";
import { type ConfigMapJson, RAW_CONFIG_MAPS } from "./record_object.ts";

/** The watch is what others wait for: it comes back soon. */
const BACKOFF = { minBackoff: 50, maxBackoff: 2_000 };

/** Milliseconds that it stays open when nobody wants it: whoever comes again has no list to wait for. */
const LINGER = 10_000;

/** What a {@linkcode RecordWatch} tells, and asks. */
export interface RecordWatchOptions {
  /** Name of the ConfigMap. */
  readonly object: string;
  /** Hears of each state that is told. */
  readonly onChange: (object: ConfigMapJson, isGone: boolean) => void;
  /** Reads the object: what is told, or is not, does not agree with what is known. */
  readonly read: () => Promise<unknown>;
  /** Whether it is known that there is no object. */
  readonly isAbsent: () => boolean;
}

/** The watch of one record, open while somebody wants it and a little longer. */
export class RecordWatch {
  readonly #context: RequestContext;
  readonly #options: RecordWatchOptions;
  #reflector: Reflector<ConfigMapJson> | undefined;
  /** The version that it last told. */
  #told = 0;
  #cancelEnd: () => void = () => {};

  /** It is not open yet. */
  constructor(context: RequestContext, options: RecordWatchOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Somebody wants it. */
  want(): void {
    this.#cancelEnd();
    this.#reflector ??= this.#start();
  }

  /** Resolves when it has told what there is, of somebody who wants it; what comes then is told one by one. */
  async synced(signal: AbortSignal): Promise<void> {
    await this.#reflector?.synced({ signal });
  }

  /** Nobody wants it any more. */
  unwant(): void {
    this.#cancelEnd();
    if (this.#reflector) this.#cancelEnd = this.#context.clock.timer(LINGER, this.#end);
  }

  #start(): Reflector<ConfigMapJson> {
    const { client, namespace, random, errors, signal } = this.#context;
    const fieldSelector = `metadata.name=${this.#options.object}`;
    const options = { namespace, fieldSelector, random, ...BACKOFF };
    const reflector = new Reflector(client, RAW_CONFIG_MAPS, options);
    reflector.onChange(({ type, object }) => this.#changed(object, type === "deleted"));
    reflector.onState((state) => {
      // an object that is not there is not told
      if (state === "synced" && reflector.store.size === 0 && !this.#options.isAbsent()) {
        this.#read();
      }
    });
    reflector.onError((error) => errors.report(error));
    this.#told = 0;
    reflector.start();
    signal.addEventListener("abort", this.#end);
    if (signal.aborted) queueMicrotask(this.#end);
    return reflector;
  }

  #changed(object: ConfigMapJson, isGone: boolean): void {
    const version = Number(object.metadata?.resourceVersion);
    // a cluster that was restored from a backup has gone back, of which only an answer convinces
    if (!isGone && version < this.#told) this.#read();
    this.#told = version;
    this.#options.onChange(object, isGone);
  }

  #read(): void {
    const { background, errors, signal } = this.#context;
    const read = this.#options.read();
    background.run(read.catch((error) => signal.aborted || errors.report(error)));
  }

  #end = (): void => {
    const reflector = this.#reflector;
    if (!reflector) return;
    this.#cancelEnd();
    this.#reflector = undefined;
    this.#context.signal.removeEventListener("abort", this.#end);
    this.#context.background.run(reflector.close());
  };
}
