/**
 * What others lose by one that misbehaves: a worker that stands still, a long message, a caller that
 * floods. Each scene measures small asks without it and beside it.
 *
 * @module
 */
import { dialWebSocket } from "../../websocket/mod.ts";
import { clientMessageSocket } from "../session/client_message_socket.ts";
import { type ChannelEnd, MESSAGES_PATH, SUBPROTOCOL } from "../mod.ts";
import { latencies, latenciesWhile } from "./latencies.ts";
import { linkTo, startTalkers } from "./talkers.ts";

/** Sorted milliseconds of small asks. */
export interface Scene {
  /** Without it. */
  readonly quiet: readonly number[];
  /** Beside it. */
  readonly beside: readonly number[];
}

/**
 * Three workers, one of which is stopped (SIGSTOP) and says nothing of it; 4 asks at a time, to whichever
 * is least busy. `stuck` are those that it had when it stood still or was given before it was the
 * busiest, of which all are answered when it goes on.
 */
export async function besideStandstill(asks: number): Promise<Scene & { stuck: number }> {
  await using scene = await startTalkers(3);
  const { group, talkers } = scene;
  const greet = (): Promise<string> => group.ask("greet", { name: "world" }, { timeout: 600_000 });
  await latencies(200, greet);
  const quiet = await latencies(asks, greet);
  talkers[1]!.signal("SIGSTOP");
  const stuckAsks = (): number => group.workers[1]!.inFlight;
  const beside: number[] = [];
  const all: Promise<void>[] = [];
  let slots = 4;
  let free: (() => void) | undefined;
  const enough = Promise.withResolvers<void>();
  for (let i = 0; i < asks; i++) {
    // an ask that hangs gives its place to others after all others had their turn
    while (slots === 0) await new Promise<void>((resolve) => free = resolve);
    slots--;
    const begun = performance.now();
    let counted = false;
    const leave = (): void => {
      if (counted) return;
      counted = true;
      slots++;
      free?.();
    };
    const late = setTimeout(leave, 1_000);
    all.push(
      greet().then(() => {
        clearTimeout(late);
        leave();
        beside.push(performance.now() - begun);
        if (beside.length + stuckAsks() >= asks) enough.resolve();
      }),
    );
  }
  await enough.promise;
  const answered = beside.toSorted((a, b) => a - b);
  const stuck = stuckAsks();
  talkers[1]!.signal("SIGCONT");
  await Promise.all(all);
  return { quiet, beside: answered, stuck };
}

/** Small asks over the same connection while a message of that many characters goes there and back. */
export async function besideLarge(length: number): Promise<Scene & { ms: number }> {
  await using scene = await startTalkers(1);
  const { group } = scene;
  const greet = (): Promise<string> => group.ask("greet", { name: "world" });
  await latencies(200, greet);
  await group.ask("echo", "x".repeat(length));
  const quiet = await latencies(1_000, greet);
  const begun = performance.now();
  let ms = 0;
  const large = group.ask("echo", "y".repeat(length)).then(() => ms = performance.now() - begun);
  const beside = await latenciesWhile(() => ms === 0, greet);
  await large;
  return { quiet, beside, ms };
}

/** A caller with a key says more frames than it may, as fast as it can, until it is cut off. */
export async function besideFlood(): Promise<Scene & { end: ChannelEnd }> {
  await using scene = await startTalkers(1);
  const { group, talkers, keys } = scene;
  const greet = (): Promise<string> => group.ask("greet", { name: "world" });
  await latencies(200, greet);
  const quiet = await latencies(1_000, greet);
  const { link, channel } = await linkTo(talkers[0]!.port, keys, { role: "worker" });
  await using _ = link;
  let end: ChannelEnd | undefined;
  const ended = channel.ended.then((e) => end = e);
  async function flood(): Promise<void> {
    while (!end) {
      for (let i = 0; i < 5_000; i++) channel.send({ t: "cancel", id: 1 });
      await channel.writable();
      await new Promise((resolve) => setTimeout(resolve, 0)); // it shares a thread with who asks
    }
  }
  const flooding = flood();
  const beside = await latenciesWhile(() => end === undefined, greet);
  await flooding;
  return { quiet, beside, end: await ended };
}

/**
 * Strangers without a key, each of which says much before it has proven anything; resolves with how many
 * of so many were cut off.
 */
export async function besideStrangers(count: number): Promise<Scene & { cut: number }> {
  await using scene = await startTalkers(1);
  const { group, talkers } = scene;
  const greet = (): Promise<string> => group.ask("greet", { name: "world" });
  await latencies(200, greet);
  const quiet = await latencies(1_000, greet);
  let cut = 0;
  let over = false;
  async function stranger(): Promise<void> {
    const socket = clientMessageSocket(
      await dialWebSocket(`ws://127.0.0.1:${talkers[0]!.port}${MESSAGES_PATH}`, {
        protocols: [SUBPROTOCOL],
      }),
    );
    socket.onMessage(() => {});
    for (let i = 0; i < 100; i++) socket.send("x".repeat(10_000));
    await socket.closed;
    cut++;
  }
  const strangers = (async () => {
    for (let i = 0; i < count; i++) await stranger();
    over = true;
  })();
  const beside = await latenciesWhile(() => !over, greet);
  await strangers;
  return { quiet, beside, cut };
}
