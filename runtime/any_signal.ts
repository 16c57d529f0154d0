/**
 * A signal that aborts with the first of several. Deno before 2.8 keeps what `AbortSignal.any` returns
 * only as long as somebody refers to it, even while it has listeners: these are then never called, and
 * whoever waits for one waits for ever. So there each source refers to the signals that are listened to,
 * as the specification of the DOM demands (https://dom.spec.whatwg.org/#abort-signal-garbage-collection)
 * and Deno 2.8 does itself (https://github.com/denoland/deno/issues/29075).
 */

type Args = Parameters<AbortSignal["addEventListener"]>;

/** By source, the signals that follow it and are listened to. */
const heard = new WeakMap<AbortSignal, Set<AbortSignal>>();
/** What a signal follows that was made here: sources of its sources, as those may be collected. */
const origins = new WeakMap<AbortSignal, readonly WeakRef<AbortSignal>[]>();
const forgetful = collectsWhatIsHeard(Deno.version.deno);

/**
 * `AbortSignal.any`, whose result aborts in any version of Deno as long as it is listened to and one of
 * `signals` can abort. Without listeners it is kept for nobody.
 *
 * That `onabort` was set to `null` is not noticed, in no version of Deno; that a listener was removed, is.
 */
export function anySignal(signals: Iterable<AbortSignal>): AbortSignal {
  const sources = [...signals];
  const signal = AbortSignal.any(sources);
  if (forgetful && !signal.aborted) keepWhileHeard(signal, sources);
  return signal;
}

/** Whether this version of Deno needs help. */
export function collectsWhatIsHeard(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major < 2 || (major === 2 && minor < 8);
}

/** Lets the sources of `signal` refer to it from its first listener to its last one, or until it aborts. */
function keepWhileHeard(signal: AbortSignal, sources: readonly AbortSignal[]): void {
  const followed = new Set(
    sources.flatMap((source) => origins.get(source) ?? [new WeakRef(source)]),
  );
  origins.set(signal, [...followed]);
  const { addEventListener, removeEventListener } = signal;
  // the same listener counts twice if it captures, as it is called twice
  const counted = { true: new Set<unknown>(), false: new Set<unknown>() };
  const size = () => counted.true.size + counted.false.size;
  const of = (options: Args[2]) => counted[`${captures(options)}`];

  function release(): void {
    removeEventListener.call(signal, "abort", onAbort);
    for (const ref of followed) {
      const source = ref.deref();
      if (source) heard.get(source)?.delete(signal);
    }
  }
  function onAbort(): void {
    counted.true.clear();
    counted.false.clear();
    release();
  }
  function add(...[type, listener, options]: Args): void {
    const over = typeof options === "object" && options?.signal?.aborted;
    if (type === "abort" && listener && !over && !signal.aborted) {
      if (size() === 0) {
        addEventListener.call(signal, "abort", onAbort);
        for (const ref of followed) keep(ref.deref(), signal);
      }
      of(options).add(listener);
    }
    addEventListener.call(signal, type, listener, options);
  }
  function remove(...[type, listener, options]: Args): void {
    removeEventListener.call(signal, type, listener, options);
    if (type === "abort" && of(options).delete(listener) && size() === 0) release();
  }
  Object.defineProperties(signal, {
    addEventListener: { value: add, configurable: true, writable: true },
    removeEventListener: { value: remove, configurable: true, writable: true },
  });
}

function keep(source: AbortSignal | undefined, signal: AbortSignal): void {
  if (!source) return; // nobody can abort it any more
  const signals = heard.get(source);
  if (signals) signals.add(signal);
  else heard.set(source, new Set([signal]));
}

function captures(options: Args[2]): boolean {
  return typeof options === "object" ? Boolean(options?.capture) : Boolean(options);
}
