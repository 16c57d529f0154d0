/** Two sides of sessions over memory, for tests. */
import type { Json } from "../../wire/frame.ts";
import { Acceptor, type AcceptorOptions } from "../acceptor.ts";
import { type Key, KeyRing } from "../key_ring.ts";
import type { LinkOptions } from "../link.ts";
import { Link, type LinkState } from "../link.ts";
import { type MemorySocket, memorySockets } from "../memory_sockets.ts";
import type { Negotiation } from "../negotiation.ts";
import type { SocketChannel } from "../socket_channel.ts";

/** A key that is the same in each run. */
export function testKey(n: number): Key {
  return { kid: `key-${n}`, secret: new Uint8Array(32).fill(n) };
}

/** A contract that fits all whose descriptor is a list of methods, with those that are common. */
export function methodsOf(...methods: string[]): Negotiation {
  return {
    contract: { name: "test", version: "1.0", digest: methods.join("+") },
    descriptor: methods,
    digestOf: (descriptor) => (descriptor as string[]).join("+"),
    fit(dialer: Json) {
      const common = methods.filter((method) => (dialer as Json[]).includes(method));
      return common.length > 0 ? { methods: common } : { refused: "nothing is common" };
    },
  };
}

/** What a test sees of a worker. */
export interface TestAcceptor {
  acceptor: Acceptor;
  channels: SocketChannel[];
  refused: Error[];
  ended: string[];
  fenced: number[];
}

/** A worker in virtual time. */
export function testAcceptor(options: Partial<AcceptorOptions> = {}): TestAcceptor {
  const seen = {
    channels: [] as SocketChannel[],
    refused: [] as Error[],
    ended: [] as string[],
    fenced: [] as number[],
  };
  const acceptor = new Acceptor({
    self: { name: "worker-0", instance: "w0" },
    keys: new KeyRing([testKey(1)]),
    negotiation: methodsOf("greet"),
    limits: { concurrency: 16, queue: 64, frameBytes: 16 * 1024 * 1024 },
    now: () => Date.now(),
    onChannel: (channel) => void seen.channels.push(channel),
    onRefused: (error) => void seen.refused.push(error),
    onSessionEnd: (session, why) => void seen.ended.push(`${session} ${why}`),
    onFenced: (token) => void seen.fenced.push(token),
    ...options,
  });
  return { acceptor, ...seen };
}

/** What a test sees of a link. */
export interface TestLink {
  link: Link;
  states: LinkState[];
  /** The dialing ends, one for each attempt. */
  sockets: MemorySocket[];
}

/** A coordinator's link to that worker. */
export function testLink(
  { acceptor }: { acceptor: Acceptor },
  options: Partial<LinkOptions> = {},
): TestLink {
  const states: LinkState[] = [];
  const sockets: MemorySocket[] = [];
  const link = new Link({
    self: { role: "coordinator", name: "boss", instance: "c0" },
    keys: () => new KeyRing([testKey(1)]),
    negotiation: methodsOf("greet"),
    dial: () => {
      const [near, far] = memorySockets();
      sockets.push(near);
      acceptor.accept(far);
      return Promise.resolve(near);
    },
    now: () => Date.now(),
    random: () => 1,
    onState: (state) => void states.push(state),
    ...options,
  });
  return { link, states, sockets };
}

/** The system's own timer, whatever `FakeTime` puts in its place. */
const { setTimeout: systemTimeout } = globalThis;

/**
 * Waits until something holds that takes no virtual time: what the system's cryptography answers, in
 * its own time.
 */
export async function until(holds: () => boolean, what = String(holds)): Promise<void> {
  const latest = performance.now() + 60_000; // which FakeTime leaves alone
  while (!holds()) {
    if (performance.now() > latest) throw new Error(`it does not come to hold: ${what}`);
    await new Promise<void>((resolve) => systemTimeout(resolve, 0));
  }
}
