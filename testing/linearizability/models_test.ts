import { match, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../seeded_random.ts";
import { checkLinearizable } from "./check_linearizable.ts";
import {
  type FencedRegisterInput,
  fencedRegisterModel,
  type FencedRegisterOutput,
} from "./fenced_register_model.ts";
import { type LockInput, lockModel, type LockOutput } from "./lock_model.ts";
import type { Model } from "./model.ts";
import type { Operation } from "./operation.ts";
import { sequenceModel } from "./sequence_model.ts";
import { isLinearizable } from "./testdata/brute_force.ts";
import { simulateHistory } from "./testdata/simulated_history.ts";

function operation<Input, Output>(
  client: string,
  [call, end]: [number, number],
  input: Input,
  output: Output | undefined,
): Operation<Input, Output> {
  return { client, call, return: end, input, output };
}

function assertVerdict<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: Operation<Input, Output>[],
  verdict: "ok" | "illegal",
): void {
  strictEqual(checkLinearizable(model, history).verdict, verdict);
  strictEqual(isLinearizable(model, history), verdict === "ok");
}

type Locking = Operation<LockInput, LockOutput>;

const key = "l";
const acquired = (client: string, at: [number, number], token: number): Locking =>
  operation(client, at, { op: "acquire", key }, { token });
const checked = (client: string, at: [number, number], token: number, held = true): Locking =>
  operation(client, at, { op: "check", key, token }, { held });
const released = (client: string, at: [number, number], token: number, held = true): Locking =>
  operation(client, at, { op: "release", key, token }, { held });

Deno.test("lockModel accepts holds one after another, whose tokens grow", () => {
  assertVerdict(lockModel, [
    acquired("a", [0, 1], 3),
    checked("a", [2, 3], 3),
    released("a", [4, 6], 3),
    acquired("b", [1, 5], 7),
    checked("b", [8, 9], 7),
  ], "ok");
});

Deno.test("lockModel accepts that a hold expires, after which its checks say so", () => {
  assertVerdict(lockModel, [
    acquired("a", [0, 1], 3),
    acquired("b", [2, 20], 4),
    checked("a", [21, 22], 3, false),
    checked("b", [21, 22], 4),
    released("a", [23, 24], 3, false),
  ], "ok");
});

Deno.test("lockModel refuses two holders at a time, whichever of them asks", () => {
  const two = [acquired("a", [0, 1], 3), acquired("b", [2, 3], 4), checked("b", [4, 5], 4)];
  assertVerdict(lockModel, two, "ok");
  assertVerdict(lockModel, [...two, checked("a", [6, 7], 3)], "illegal");
  const result = checkLinearizable(lockModel, [...two, checked("a", [6, 7], 3)]);
  match(result.verdict === "illegal" ? result.explanation : "", /\* a .*check 3: still held/);
});

Deno.test("lockModel refuses that a lock is handed over before it was released in time", () => {
  assertVerdict(lockModel, [
    acquired("a", [0, 1], 3),
    acquired("b", [2, 3], 4),
    released("a", [5, 6], 3),
  ], "illegal");
});

Deno.test("lockModel refuses tokens that do not grow", () => {
  for (const token of [2, 3]) {
    assertVerdict(lockModel, [
      acquired("a", [0, 1], 3),
      released("a", [2, 3], 3),
      acquired("b", [4, 5], token),
    ], "illegal");
  }
});

Deno.test("lockModel learns nothing of acquisitions that failed or are lost", () => {
  assertVerdict(lockModel, [
    operation("a", [0, 1], { op: "acquire", key }, {}),
    operation("b", [0, Infinity], { op: "acquire", key }, undefined),
    acquired("c", [0, 1], 3),
    checked("c", [5, 6], 3),
  ], "ok");
});

const put = (
  client: string,
  at: [number, number],
  [token, value]: [number, number],
  accepted?: boolean,
): Operation<FencedRegisterInput, FencedRegisterOutput> =>
  operation(
    client,
    at,
    { op: "put", key, token, value },
    accepted === undefined ? undefined : { accepted },
  );
const got = (
  client: string,
  at: [number, number],
  value: number | null,
): Operation<FencedRegisterInput, FencedRegisterOutput> =>
  operation(client, at, { op: "get", key }, { value });

Deno.test("fencedRegisterModel accepts that a lower token is refused", () => {
  assertVerdict(fencedRegisterModel, [
    put("a", [0, 1], [3, 1], true),
    put("b", [2, 3], [4, 2], true),
    put("a", [4, 5], [3, 3], false),
    got("c", [6, 7], 2),
  ], "ok");
});

Deno.test("fencedRegisterModel refuses a stale write, also one that only a reader tells of", () => {
  const later = [put("a", [0, 1], [3, 1], true), put("b", [2, 3], [4, 2], true)];
  assertVerdict(fencedRegisterModel, [...later, put("a", [4, 5], [3, 3], true)], "illegal");
  const lost = put("a", [4, Infinity], [3, 3]);
  assertVerdict(fencedRegisterModel, [...later, lost, got("c", [6, 7], 2)], "ok");
  assertVerdict(fencedRegisterModel, [...later, lost, got("c", [6, 7], 3)], "illegal");
});

Deno.test("fencedRegisterModel refuses that a write is refused without a higher token", () => {
  assertVerdict(fencedRegisterModel, [put("a", [0, 1], [3, 1], false)], "illegal");
  assertVerdict(fencedRegisterModel, [
    put("b", [0, Infinity], [4, 2]), // it may have been written
    put("a", [0, 1], [3, 1], false),
  ], "ok");
});

Deno.test("sequenceModel refuses numbers twice, and lower ones later", () => {
  const next = (client: string, at: [number, number], value?: number) =>
    operation(
      client,
      at,
      { op: "next", key } as const,
      value === undefined ? undefined : { value },
    );
  assertVerdict(sequenceModel, [next("a", [0, 9], 2), next("b", [0, 9], 1)], "ok");
  assertVerdict(sequenceModel, [next("a", [0, 9], 1), next("b", [0, 9], 1)], "illegal");
  assertVerdict(sequenceModel, [next("a", [0, 1], 2), next("b", [2, 3], 1)], "illegal");
  assertVerdict(sequenceModel, [next("a", [0, 1], 1), next("c", [0, Infinity])], "ok");
});

/** A lock whose holds expire, as they are simulated: who holds asks, or lets go, or has lost it. */
function locking(random: () => number): Locking[] {
  let token = 0;
  return simulateHistory<number | undefined, LockInput, LockOutput>({
    init: undefined,
    ask: (_, __, seen) => {
      if (seen?.token === undefined) return { op: "acquire", key };
      return { op: random() < 0.6 ? "check" : "release", key, token: seen.token };
    },
    perform(holder, input) {
      if (input.op === "acquire") {
        if (holder !== undefined && random() < 0.8) return [{}, holder];
        return [{ token: ++token }, token]; // who held has lost it
      }
      const held = holder === input.token;
      if (input.op === "check") return [{ held, ...(held && { token: input.token }) }, holder];
      return [{ held }, held ? undefined : holder];
    },
  }, { random, clients: 5, operations: 400, lost: 0.02 });
}

Deno.test("lockModel accepts every history of a lock, and no check by who has lost it", () => {
  let found = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const history = locking(random);
    strictEqual(checkLinearizable(lockModel, history).verdict, "ok", `seed ${seed}`);
    const lost = history.findIndex(({ input, output }) =>
      input.op === "check" && output?.held === false
    );
    if (lost < 0) continue;
    const changed = history.with(lost, { ...history[lost]!, output: { held: true } });
    if (checkLinearizable(lockModel, changed).verdict === "illegal") found++;
  }
  ok(found > 5, `${found} of 40`); // the others overlap the hand-over
});
