import type { Member } from "./member.ts";

/** What a worker has to have to be chosen. */
export interface Need {
  readonly method: string;
  /** `run`: it runs less than it runs at once; `queue`: it takes one more, even if that waits there. */
  readonly room: "run" | "queue" | "none";
  /** Uids of workers that are chosen only if no other one is ready. */
  readonly avoid?: ReadonlySet<string>;
  readonly balance?: "leastInFlight" | "roundRobin";
}

/** Whether it is ready, and knows the method. */
export function isReady(member: Member, method: string): boolean {
  return member.state === "ready" && member.can(method);
}

/** Whether a worker that is ready has the room. */
export function hasRoom(member: Member, room: Need["room"]): boolean {
  if (room === "none") return true;
  return member.hasRoom &&
    (room === "queue" || member.inFlight < (member.limits?.concurrency ?? 0));
}

/** Chooses among workers: the least busy, by chance among equals, or one after another. */
export class Chooser {
  readonly #random: () => number;
  #last: Member | undefined;

  /** @param random numbers from 0 to below 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** One that is ready and has room. */
  choose(members: readonly Member[], need: Need): Member | undefined {
    const { method, room, avoid, balance = "leastInFlight" } = need;
    const strict = avoid !== undefined && avoid.size > 0 &&
      members.some((m) => isReady(m, method) && !avoid.has(m.worker.uid));
    // round robin: the one after the last that was chosen so, in the order in which they came
    const start = balance === "leastInFlight"
      ? 0
      : this.#last
      ? members.indexOf(this.#last) + 1
      : 0;
    let found: Member | undefined;
    let ties = 1;
    for (let i = 0; i < members.length; i++) {
      const member = members[(start + i) % members.length] as Member;
      if (!isReady(member, method) || !hasRoom(member, room)) continue;
      if (strict && avoid.has(member.worker.uid)) continue;
      if (balance === "roundRobin") return this.#last = member;
      if (found === undefined || member.inFlight < found.inFlight) [found, ties] = [member, 1];
      else if (member.inFlight === found.inFlight && this.#random() * ++ties < 1) found = member;
    }
    return found;
  }
}
