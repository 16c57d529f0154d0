import { deepStrictEqual, throws } from "node:assert/strict";
import { z } from "zod";
import { contract, Group } from "../../messaging/mod.ts";
import { MemoryWorker } from "../../messaging/group/testdata/memory_worker.ts";
import type { Leadership, LeadershipChange } from "../leadership/leadership.ts";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { Tenure } from "../leadership/tenure.ts";
import { Workload } from "./workload.ts";

const teller = contract("teller", { told: { event: z.object({ n: z.int() }) } });

class Term implements Mandate {
  readonly #controller = new AbortController();
  readonly signal = this.#controller.signal;

  constructor(readonly token: number) {}

  check(): void {
    this.signal.throwIfAborted();
  }

  end(): void {
    this.#controller.abort(new Error("it is over"));
  }
}

Deno.test("Workload.on() calls handlers under the mandate of the moment: they do nothing in the next term", async () => {
  let tell: (change: LeadershipChange) => void = () => {};
  const leadership = {
    started: true,
    onChange: (listener: typeof tell) => tell = listener,
    onError: () => {},
  } as unknown as Leadership;
  const tenure = new Tenure(leadership, {
    takeOver: () => Promise.resolve(),
    begin: () => {},
    end: () => {},
    follow: () => {},
    onError: () => {},
  });
  const group = new Group(teller);
  const worker = new MemoryWorker(teller, {});
  group.add(worker.member);
  const context = {
    tenure,
    life: new AbortController().signal,
    messaging: { team: () => ({ group }) },
  };
  const workload = new Workload({ name: "w", namespace: "n" }, context as never, teller);
  const [first, second] = [new Term(1), new Term(2)];
  tell({ type: "leading", mandate: first });
  await tenure.outcome(context.life);

  const [heard, ended, done] = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  const tokens: (number | undefined)[] = [];
  workload.on("told", async () => {
    heard!.resolve();
    tokens.push(tenure.require("go on").token);
    await ended!.promise;
    throws(() => tenure.require("go on"), NotLeadingError);
    done!.resolve();
  });
  worker.connect();
  worker.callee.emit("told", { n: 1 });
  await heard!.promise;
  first.end();
  tell({ type: "lost", mandate: first, reason: new Error("lost") });
  tell({ type: "leading", mandate: second });
  await tenure.outcome(context.life);
  ended!.resolve();
  await done!.promise;
  deepStrictEqual(tokens, [1]);
  worker.close();
});
