/** Prints, for each way to wait for a signal of `anySignal`, whether a garbage collection loses it. */
import { anySignal } from "../any_signal.ts";

declare const gc: () => void;

/** A signal, and what aborts it; nothing else may refer to the signal. */
interface Scene {
  readonly controller: AbortController;
  readonly other: AbortController;
}

const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
  if (new URL(request.url).pathname === "/mute") return new Promise(() => {});
  return new Response(new ReadableStream({ start: (to) => to.enqueue(new Uint8Array(1)) }));
});
const url = `http://127.0.0.1:${server.addr.port}`;

/** Each begins to wait, and resolves when it has heard of the abort. */
const WAYS: Record<string, (scene: Scene) => Promise<unknown>> = {
  "a listener": (scene) => listen(signalOf(scene)),
  "a listener object": (scene) => {
    const heard = Promise.withResolvers<void>();
    signalOf(scene).addEventListener("abort", { handleEvent: () => heard.resolve() });
    return heard.promise;
  },
  "onabort": (scene) => {
    const heard = Promise.withResolvers<void>();
    signalOf(scene).onabort = () => heard.resolve();
    return heard.promise;
  },
  "a second listener, when the first is removed": (scene) => {
    const signal = signalOf(scene);
    const first = () => {};
    signal.addEventListener("abort", first, { once: true });
    const heard = listen(signal);
    signal.removeEventListener("abort", first);
    return heard;
  },
  "a listener that was added twice, and one that was not there removed": (scene) => {
    const signal = signalOf(scene);
    const heard = Promise.withResolvers<void>();
    const listener = () => heard.resolve();
    signal.addEventListener("abort", listener);
    signal.addEventListener("abort", listener);
    signal.removeEventListener("abort", () => {});
    signal.removeEventListener("abort", listener, { capture: true });
    return heard.promise;
  },
  "a listener that captures": (scene) => {
    const signal = signalOf(scene);
    const heard = Promise.withResolvers<void>();
    const listener = () => heard.resolve();
    signal.addEventListener("abort", listener, true);
    signal.addEventListener("abort", listener, false);
    signal.removeEventListener("abort", listener);
    return heard.promise;
  },
  "a listener of one made of it": ({ controller, other }) =>
    listen(anySignal([anySignal([controller.signal]), other.signal])),
  "a listener of one made of it natively, and that of ours": ({ controller, other }) =>
    listen(anySignal([AbortSignal.any([controller.signal]), other.signal])),
  "a promise that it rejects": (scene) => rejected(race(signalOf(scene))),
  "fetch": (scene) => rejected(fetch(`${url}/mute`, { signal: signalOf(scene) })),
  "the body of an answer": async (scene) => {
    const answer = await fetch(`${url}/open`, { signal: signalOf(scene) });
    return rejected(answer.text());
  },
  "a pipe": async (scene) => {
    const { body } = await fetch(`${url}/open`);
    return rejected(body!.pipeTo(new WritableStream(), { signal: signalOf(scene) }));
  },
  "the listener of another target": (scene) => {
    const target = new EventTarget();
    let calls = 0;
    target.addEventListener("ping", () => calls++, { signal: signalOf(scene) });
    return until(() => {
      const before = calls;
      target.dispatchEvent(new Event("ping"));
      return calls === before;
    });
  },
  "a process": async (scene) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "setInterval(() => {}, 1000)"],
      signal: signalOf(scene),
    }).spawn();
    await child.status;
  },
};

/** Each leaves a signal behind that nobody can hear any more, though what it follows lives. */
const LEFT: Record<string, (scene: Scene) => AbortSignal> = {
  "one that was never listened to": signalOf,
  "one whose listener was removed": (scene) => {
    const signal = signalOf(scene);
    const listener = () => {};
    signal.addEventListener("abort", listener, { once: true });
    signal.addEventListener("abort", listener);
    signal.removeEventListener("abort", listener);
    return signal;
  },
  "one whose listener was removed by a signal": (scene) => {
    const signal = signalOf(scene);
    const done = new AbortController();
    signal.addEventListener("abort", () => {}, { signal: done.signal });
    done.abort();
    signal.addEventListener("abort", () => {}, { signal: done.signal });
    return signal;
  },
  "one that has aborted by another": ({ controller }) => {
    const aborted = new AbortController();
    const signal = anySignal([controller.signal, aborted.signal]);
    signal.addEventListener("abort", () => {});
    aborted.abort();
    return signal;
  },
  "one that is listened to, of what nobody can abort": () => {
    const signal = anySignal([new AbortController().signal, new AbortController().signal]);
    signal.addEventListener("abort", () => {});
    return signal;
  },
};

for (const [name, wait] of Object.entries(WAYS)) {
  const scene = newScene();
  const heard = wait(scene).then(() => true);
  await collect();
  scene.controller.abort();
  const timer = Promise.withResolvers<boolean>();
  const late = setTimeout(() => timer.resolve(false), 5000);
  if (!await Promise.race([heard, timer.promise])) console.log(`lost: ${name}`);
  clearTimeout(late);
}
for (const [name, leave] of Object.entries(LEFT)) {
  const scene = newScene();
  const left = leaveOne(leave, scene);
  for (let n = 0; n < 50 && left.deref(); n++) await collect();
  if (left.deref()) console.log(`kept: ${name}`);
  scene.controller.abort(); // what it follows was there all the time
  scene.other.abort();
}
const timeout = listen(anySignal([AbortSignal.timeout(200), newScene().controller.signal]));
const alone = listen(AbortSignal.timeout(200));
await collect();
await timeout; // the process ends when nothing is left to wait for
await alone;
console.log("done");
Deno.exit(0);

/** In a function of its own, whose frame does not outlive it. */
function leaveOne(leave: (scene: Scene) => AbortSignal, scene: Scene): WeakRef<AbortSignal> {
  return new WeakRef(leave(scene));
}

function newScene(): Scene {
  return { controller: new AbortController(), other: new AbortController() };
}

function signalOf({ controller, other }: Scene): AbortSignal {
  return anySignal([controller.signal, other.signal]);
}

function listen(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  return promise;
}

async function race(signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([new Promise(() => {}), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function rejected(promise: Promise<unknown>): Promise<void> {
  await promise.then(() => Promise.reject(new Error("It came to an end")), () => {});
}

/** Resolves when `test` is true; it keeps the process alive. */
async function until(test: () => boolean): Promise<void> {
  while (!test()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Twice, apart from what is running: what was referred to in a turn of the loop lives through it. */
async function collect(): Promise<void> {
  for (let n = 0; n < 2; n++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
  }
}
