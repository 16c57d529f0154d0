import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import type { Leadership, LeadershipChange } from "./leadership.ts";
import { type Mandate, NotLeadingError } from "./mandate.ts";
import { Tenure, type TenureHooks } from "./tenure.ts";

const LIFE = new AbortController().signal;

/** A leadership that changes as it is told. */
class Fake implements Leadership {
  readonly #listeners: ((change: LeadershipChange) => void)[] = [];
  mandate: Mandate | undefined;
  leader: string | undefined;
  started = false;

  onChange(listener: (change: LeadershipChange) => void): void {
    this.#listeners.push(listener);
  }
  onError(): void {}
  start(): void {
    this.started = true;
  }
  close(): Promise<void> {
    if (this.mandate) this.lose(this.mandate as FakeTerm);
    return Promise.resolve();
  }
  win(token: number): FakeTerm {
    const mandate = new FakeTerm(token);
    this.mandate = mandate;
    this.#tell({ type: "leading", mandate });
    return mandate;
  }
  lose(mandate: FakeTerm): void {
    const reason = new Error("lost");
    this.mandate = undefined;
    mandate.end(reason);
    this.#tell({ type: "lost", mandate, reason });
  }
  follow(leader: string | undefined): void {
    this.leader = leader;
    this.#tell({ type: "following", leader });
  }
  #tell(change: LeadershipChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

class FakeTerm implements Mandate {
  readonly #end = new AbortController();
  readonly signal = this.#end.signal;
  constructor(readonly token: number) {}
  end(reason: Error): void {
    this.#end.abort(reason);
  }
  check(): void {
    if (this.signal.aborted) throw new NotLeadingError("change", { why: `${this.token} is over` });
  }
}

interface Scene {
  leadership: Fake;
  tenure: Tenure;
  told: string[];
}

function scene(hooks: Partial<TenureHooks> = {}): Scene {
  const told: string[] = [];
  const leadership = new Fake();
  const tenure = new Tenure(leadership, {
    takeOver: () => Promise.resolve(),
    begin: ({ token }) => void told.push(`begin ${token}`),
    end: ({ token }) => void told.push(`end ${token}`),
    follow: (leader) => void told.push(`follow ${leader}`),
    onError: (error) => void told.push(error.message),
    ...hooks,
  });
  return { leadership, tenure, told };
}

Deno.test("Tenure has no mandate until it has taken over, which it tries again", async () => {
  let tries = 0;
  const { leadership, tenure, told } = scene({
    takeOver: () => ++tries < 2 ? Promise.reject(new Error("no")) : Promise.resolve(),
  });
  const outcome = tenure.outcome(LIFE);
  const term = leadership.win(5);
  strictEqual(tenure.mandate, undefined);
  throws(() => tenure.require("scale"), NotLeadingError);
  strictEqual(await outcome, term);
  strictEqual(tenure.require("scale"), term);
  deepStrictEqual(told, ["no", "begin 5"]);
});

Deno.test("Tenure never begins a term that was lost while it took over", async () => {
  const takenOver = Promise.withResolvers<void>();
  const { leadership, tenure, told } = scene({
    takeOver: ({ token }) => token === 5 ? takenOver.promise : Promise.resolve(),
  });
  const outcome = tenure.outcome(LIFE);
  leadership.lose(leadership.win(5));
  const next = leadership.win(6);
  strictEqual(await outcome, next);
  takenOver.resolve(); // late
  await tenure.close();
  deepStrictEqual(told, ["begin 6", "end 6"]);
  strictEqual(tenure.mandate, undefined);
});

Deno.test("Tenure.outcome() resolves with nothing when another one leads, and waits while nobody does", async () => {
  const { leadership, tenure } = scene();
  const outcome = tenure.outcome(LIFE);
  let known = false;
  void outcome.then(() => known = true);
  leadership.follow(undefined);
  await new Promise((resolve) => setTimeout(resolve));
  strictEqual(known, false);
  leadership.follow("b");
  strictEqual(await outcome, undefined);
  throws(() => tenure.require('scale "w"'), { message: 'Cannot scale "w": "b" leads' });
});

Deno.test("Tenure.outcome() rejects when its signal aborts", async () => {
  const { tenure } = scene();
  const life = new AbortController();
  const outcome = tenure.outcome(life.signal);
  life.abort(new Error("stopped"));
  await rejects(outcome, { message: "stopped" });
});

Deno.test("Tenure.bind() lets a handler do nothing in a later term than its own", async () => {
  const { leadership, tenure } = scene();
  const outcome = tenure.outcome(LIFE);
  const first = leadership.win(5);
  await outcome;
  const proceed = Promise.withResolvers<void>();
  const handler = tenure.bind(async (what: string) => {
    const own = tenure.require(what);
    await proceed.promise;
    throws(() => tenure.require(what), NotLeadingError);
    await rejects(tenure.outcome(LIFE), NotLeadingError);
    return own;
  });
  const handled = handler("scale");
  leadership.lose(first);
  const next = leadership.win(6);
  await new Promise((resolve) => setTimeout(resolve));
  strictEqual(tenure.require("scale"), next);
  proceed.resolve();
  strictEqual(await handled, first);
});
