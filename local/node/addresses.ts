/**
 * Addresses of pods on a machine without pod networks.
 *
 * `loopback`: each node takes a range 127.x.0.0/16 and each pod an address of it. Nodes of one
 * machine, of whatever process, agree on ranges by binding a fixed port on 127.x.0.1;
 * a range's x follows from the node's name, so a node that comes back finds its pods' addresses.
 * `ports`: where 127.0.0.1 is the only loopback address (macOS), each pod has a port instead.
 */

/** How pods are told apart. */
export type PodAddressMode = "loopback" | "ports";

/** What a pod is given. */
export interface PodAddress {
  readonly ip: string;
  /** In ports mode: the port that the pod must serve on. */
  readonly port?: number;
}

/** Hands out addresses of one node. */
export interface Addresses extends Disposable {
  readonly mode: PodAddressMode;
  /** Address of the node itself. */
  readonly hostIP: string;
  /** An address for a pod, if possible the one that it had. Throws when there is none left. */
  allocate(uid: string, before?: Partial<PodAddress>): PodAddress;
  /** Takes a pod's address back. */
  release(uid: string): void;
}

/** Ports that a range is claimed with; the second and third serve where a program holds the first on all addresses. */
const CLAIM_PORTS = [10249, 20249, 30249];

/** Ranges are 127.1 to 127.254: 127.0 is everybody's. */
const RANGES = 254;

/** Takes addresses for a node; `auto` is loopback wherever 127.0.0.2 can be bound. */
export function takeAddresses(node: string, mode: PodAddressMode | "auto"): Addresses {
  const chosen = mode === "auto" ? (canBind("127.0.0.2") ? "loopback" : "ports") : mode;
  return chosen === "loopback" ? new LoopbackAddresses(node) : new PortAddresses();
}

class LoopbackAddresses implements Addresses {
  readonly mode = "loopback";
  readonly hostIP: string;
  #prefix: string;
  #claim: Deno.Listener;
  #byUid = new Map<string, string>();
  #used = new Set<string>();
  #next = 1;

  constructor(node: string) {
    const { prefix, claim } = claimRange(node);
    this.#prefix = prefix;
    this.#claim = claim;
    this.hostIP = `${prefix}.0.1`;
    this.#used.add(this.hostIP);
  }

  allocate(uid: string, before: Partial<PodAddress> = {}): PodAddress {
    const present = this.#byUid.get(uid);
    if (present !== undefined) return { ip: present };
    const wanted = before.ip?.startsWith(`${this.#prefix}.`) && !this.#used.has(before.ip);
    const ip = wanted ? before.ip! : this.#free();
    this.#used.add(ip);
    this.#byUid.set(uid, ip);
    return { ip };
  }

  release(uid: string): void {
    const ip = this.#byUid.get(uid);
    if (ip === undefined) return;
    this.#byUid.delete(uid);
    this.#used.delete(ip);
  }

  [Symbol.dispose](): void {
    this.#claim.close();
  }

  /** The next one in turn, so that an address is not given again soon. */
  #free(): string {
    for (let tries = 0; tries < 2 ** 16; tries++) {
      const index = this.#next = (this.#next + 1) % 2 ** 16;
      const last = index & 255;
      const ip = `${this.#prefix}.${index >> 8}.${last}`;
      if (last !== 0 && last !== 255 && !this.#used.has(ip)) return ip;
    }
    throw new RangeError(`Cannot give a pod an address: all of ${this.#prefix}.0.0/16 are used`);
  }
}

class PortAddresses implements Addresses {
  readonly mode = "ports";
  readonly hostIP = "127.0.0.1";
  #byUid = new Map<string, number>();

  allocate(uid: string, before: Partial<PodAddress> = {}): PodAddress {
    const used = new Set(this.#byUid.values());
    let port = this.#byUid.get(uid) ?? (used.has(before.port ?? 0) ? undefined : before.port);
    while (port === undefined) {
      using listener = Deno.listen({ hostname: this.hostIP, port: 0 });
      if (!used.has(listener.addr.port)) port = listener.addr.port;
    }
    this.#byUid.set(uid, port);
    return { ip: this.hostIP, port };
  }

  release(uid: string): void {
    this.#byUid.delete(uid);
  }

  [Symbol.dispose](): void {}
}

function claimRange(node: string): { prefix: string; claim: Deno.Listener } {
  const first = hash(node) % RANGES;
  for (const port of CLAIM_PORTS) {
    for (let step = 0; step < RANGES; step++) {
      const prefix = `127.${1 + (first + step) % RANGES}`;
      try {
        return { prefix, claim: Deno.listen({ hostname: `${prefix}.0.1`, port }) };
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      }
    }
  }
  throw new RangeError(
    `Cannot take addresses for node "${node}": every range of 127.0.0.0/8 is taken`,
  );
}

function canBind(hostname: string): boolean {
  try {
    Deno.listen({ hostname, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) {
    value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  }
  return value;
}
