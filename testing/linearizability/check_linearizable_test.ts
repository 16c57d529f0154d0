import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "../seeded_random.ts";
import { checkLinearizable, type IllegalHistory } from "./check_linearizable.ts";
import { type CounterInput, counterModel, type CounterOutput } from "./counter_model.ts";
import type { Model } from "./model.ts";
import type { Operation } from "./operation.ts";
import {
  type RegisterInput,
  registerModel,
  type RegisterOutput,
  type RegisterState,
  type RegisterValue,
} from "./register_model.ts";
import { isLinearizable } from "./testdata/brute_force.ts";
import { type SimulatedObject, simulateHistory } from "./testdata/simulated_history.ts";

type Registers = Map<string, { value: RegisterValue; version: number }>;

/** Registers with versions; few values, so that they are written twice, or all different. */
function registers(
  { keys, values }: { keys: number; values: number },
): SimulatedObject<{ held: Registers; version: number }, RegisterInput, RegisterOutput> {
  let written = 0;
  return {
    init: { held: new Map(), version: 0 },
    ask(random, _, seen) {
      const key = `k${Math.floor(random() * keys)}`;
      const value = values === Infinity ? ++written : 1 + Math.floor(random() * values);
      const kind = random();
      if (kind < 0.4) return { op: "get", key };
      if (kind < 0.7) return { op: "put", key, value };
      if (kind < 0.8) return { op: "update", key, value };
      if (kind < 0.9) return { op: "cas", key, version: seen?.version ?? null, value };
      return { op: "delete", key };
    },
    perform({ held, version }, input) {
      const before = held.get(input.key);
      const value = before?.value ?? null;
      const put = (
        value: RegisterValue,
        answer: RegisterOutput,
      ): [RegisterOutput, { held: Registers; version: number }] => [
        { ...answer, version: version + 1 },
        {
          held: new Map(held).set(input.key, { value, version: version + 1 }),
          version: version + 1,
        },
      ];
      switch (input.op) {
        case "get":
          return [{ value, ...(before && { version: before.version }) }, { held, version }];
        case "put":
          return put(input.value, {});
        case "update":
          return put(input.value, { value });
        case "cas":
          return (before?.version ?? null) === input.version
            ? put(input.value, { ok: true })
            : [{ ok: false }, { held, version }];
        case "delete": {
          const after = new Map(held);
          return [{ ok: after.delete(input.key) }, { held: after, version }];
        }
      }
    },
  };
}

function counters(keys: number): SimulatedObject<Map<string, number>, CounterInput, CounterOutput> {
  return {
    init: new Map(),
    ask: (random) => ({
      key: `k${Math.floor(random() * keys)}`,
      ...(random() < 0.7 ? { op: "add", by: 1 } : { op: "get" }),
    }),
    perform(values, input) {
      const value = (values.get(input.key) ?? 0) + (input.op === "add" ? input.by : 0);
      return [{ value }, new Map(values).set(input.key, value)];
    },
  };
}

/** A history of one register, from lines such as `a 0-5 put 1` and `b 2-? get 1`. */
function written(text: string): Operation<RegisterInput, RegisterOutput>[] {
  return text.trim().split("\n").map((line) => {
    const [client = "", times = "", op, number] = line.trim().split(" ");
    const [call, end] = times.split("-");
    const value = number === undefined ? null : Number(number);
    const isLost = end === "?";
    return {
      client,
      call: Number(call),
      return: isLost ? Infinity : Number(end),
      input: op === "get" ? { op, key: "x" } : { op: "put", key: "x", value },
      output: isLost ? undefined : op === "get" ? { value } : {},
    };
  });
}

function assertIllegal<Input, Output>(
  result: { verdict: string },
): asserts result is IllegalHistory<Input, Output> {
  strictEqual(result.verdict, "illegal");
}

const WRITTEN: [verdict: "ok" | "illegal", what: string, history: string][] = [
  ["ok", "one after another", "a 0-1 put 1 \n b 2-3 get 1"],
  ["ok", "a read beside a write sees it", "a 0-9 put 1 \n b 1-2 get 1 \n c 3-4 get 1"],
  ["ok", "a read beside a write does not see it yet", "a 0-9 put 1 \n b 1-2 get \n c 3-4 get 1"],
  ["illegal", "a read forgets what another saw", "a 0-9 put 1 \n b 1-2 get 1 \n c 3-4 get"],
  ["illegal", "a stale read", "a 0-1 put 1 \n a 2-3 put 2 \n b 4-5 get 1"],
  ["illegal", "a value that nobody wrote", "a 0-1 put 1 \n b 0-9 get 2"],
  ["ok", "writes in either order", "a 0-5 put 1 \n b 1-4 put 2 \n c 6-7 get 1"],
  [
    "illegal",
    "two readers see two writes in different orders",
    "a 0-5 put 1 \n b 0-5 put 2 \n c 6-7 get 1 \n d 8-9 get 2",
  ],
  ["ok", "a lost write has no effect", "a 0-1 put 1 \n b 2-? put 2 \n c 9-10 get 1"],
  [
    "ok",
    "a lost write has its effect late",
    "a 0-1 put 1 \n b 2-? put 2 \n c 4-5 get 1 \n c 7-8 get 2",
  ],
  [
    "illegal",
    "a lost write has its effect twice",
    "b 0-? put 2 \n c 1-2 get 2 \n a 3-4 put 1 \n c 5-6 get 1 \n c 7-8 get 2",
  ],
  ["illegal", "a lost write is seen before it was asked for", "c 0-1 get 2 \n b 2-? put 2"],
];

for (const [verdict, what, text] of WRITTEN) {
  Deno.test(`checkLinearizable() says "${verdict}" when ${what}`, () => {
    const history = written(text);
    strictEqual(checkLinearizable(registerModel, history).verdict, verdict);
    strictEqual(isLinearizable(registerModel, history), verdict === "ok");
  });
}

Deno.test("checkLinearizable() accepts every history of an atomic object", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const options = { random, clients: 2 + seed % 9, operations: 200, lost: (seed % 3) * 0.04 };
    for (const values of [3, Infinity]) {
      const history = simulateHistory(registers({ keys: 2, values }), options);
      strictEqual(checkLinearizable(registerModel, history).verdict, "ok", `register, ${seed}`);
    }
    const history = simulateHistory(counters(2), options);
    strictEqual(checkLinearizable(counterModel, history).verdict, "ok", `counter, ${seed}`);
  }
});

/** Changes one answer to that of another operation of the same kind, or moves an operation in time. */
function mutate<Input extends { op: string }, Output>(
  history: readonly Operation<Input, Output>[],
  random: () => number,
): Operation<Input, Output>[] {
  const at = Math.floor(random() * history.length);
  const one = history[at]!;
  const alike = history.filter(({ input, output }) =>
    input.op === one.input.op && output !== undefined
  );
  const other = alike[Math.floor(random() * alike.length)];
  const shift = Math.floor(random() * 20) - 10;
  const changed = other !== undefined && one.output !== undefined && random() < 0.7
    ? { ...one, output: other.output }
    : { ...one, call: one.call + shift, return: one.return + shift };
  return history.with(at, changed);
}

/** Compares with trying all orders, on small histories that were changed a little; how often they are legal. */
function compare<State, Input extends { op: string }, Output>(
  model: Model<State, Input, Output>,
  object: () => SimulatedObject<unknown, Input, Output>,
): { legal: number; illegal: number } {
  const counts = { legal: 0, illegal: 0 };
  for (let seed = 1; seed <= 1_000; seed++) {
    const random = seededRandom(seed);
    const legal = simulateHistory(object(), {
      random,
      clients: 3,
      operations: 4 + seed % 4,
      lost: 0.2,
    });
    const history = seed % 3 === 0 ? legal : mutate(mutate(mutate(legal, random), random), random);
    const expected = isLinearizable(model, history);
    const result = checkLinearizable(model, history);
    strictEqual(result.verdict, expected ? "ok" : "illegal", `seed ${seed}`);
    counts[expected ? "legal" : "illegal"]++;
    if (result.verdict !== "illegal") continue;
    const conflict = new Set(result.conflict.map((operation) => JSON.stringify(operation)));
    ok(conflict.size > 0);
    const isOptional = (operation: Operation<Input, Output>) =>
      !conflict.has(JSON.stringify(operation));
    ok(!isLinearizable(model, history, isOptional), `seed ${seed}: ${result.explanation}`);
    match(result.explanation, /Cannot linearize .*\n[\s\S]*\* c\d/);
  }
  return counts;
}

Deno.test("checkLinearizable() agrees with trying all orders of small histories", () => {
  const results = [
    compare(registerModel, () => registers({ keys: 1, values: 2 })),
    compare(registerModel, () => registers({ keys: 2, values: Infinity })),
    compare(counterModel, () => counters(1)),
  ];
  for (const { legal, illegal } of results) {
    ok(legal > 250 && illegal > 150, JSON.stringify(results));
  }
});

Deno.test("checkLinearizable() judges 10,000 operations, and finds the one that is wrong", () => {
  const random = seededRandom(7);
  const object = registers({ keys: 5, values: Infinity });
  const options = { random, clients: 12, operations: 10_000, lost: 0.02 };
  const history = simulateHistory<
    { held: Registers; version: number },
    RegisterInput,
    RegisterOutput
  >(
    object,
    options,
  );
  strictEqual(checkLinearizable(registerModel, history).verdict, "ok");
  const wrong = history.findIndex(({ input, output }, at) =>
    at > 7_000 && input.op === "get" && typeof output?.value === "number"
  );
  const before = history.findLast(({ call, input, output }) =>
    call < history[wrong]!.call - 100 && input.op === "get" &&
    input.key === history[wrong]!.input.key && typeof output?.value === "number" &&
    output.value !== history[wrong]!.output!.value
  );
  const result = checkLinearizable(
    registerModel,
    history.with(wrong, { ...history[wrong]!, output: before!.output }),
  );
  assertIllegal<RegisterInput, RegisterOutput>(result);
  strictEqual(result.part, history[wrong]!.input.key);
  ok(
    result.conflict.some(({ call, client }) =>
      call === history[wrong]!.call && client === history[wrong]!.client
    ),
  );
  strictEqual(
    Math.max(...result.conflict.map((operation) => operation.return)),
    history[wrong]!.return,
  );
});

Deno.test("checkLinearizable() judges 10,000 operations on one counter with many lost ones", () => {
  const random = seededRandom(3);
  const history = simulateHistory(counters(1), {
    random,
    clients: 8,
    operations: 10_000,
    lost: 0.05,
  });
  strictEqual(checkLinearizable(counterModel, history).verdict, "ok");
  const twice = history.findLastIndex(({ input, output }) => input.op === "add" && output);
  const { value } = history[twice]!.output!;
  const wrong = history.with(twice, { ...history[twice]!, output: { value: value - 200 } });
  strictEqual(checkLinearizable(counterModel, wrong).verdict, "illegal");
});

Deno.test("checkLinearizable() explains a stale read by a timeline", () => {
  const result = checkLinearizable(
    registerModel,
    written("a 0-10 put 1 \n b 12-20 put 2 \n c 5-30 get 1 \n d 25-40 get 1 \n e 50-60 get 2"),
  );
  assertIllegal<RegisterInput, RegisterOutput>(result);
  deepStrictEqual(result.conflict.map(({ client }) => client), ["b", "d"]);
  deepStrictEqual(result.linearized.map(({ client }) => client).toSorted(), ["a", "b", "c"]);
  strictEqual(
    result.explanation,
    `Cannot linearize register "x": no order of 2 operations (marked *) gives these answers
  a |-------------                                   | 0.0–10.0 ms  {"op":"put","key":"x","value":1} → {}
  c |      ------------------------------            | 5.0–30.0 ms  {"op":"get","key":"x"} → {"value":1}
* b |              -----------                       | 12.0–20.0 ms  {"op":"put","key":"x","value":2} → {}
* d |                             -------------------| 25.0–40.0 ms  {"op":"get","key":"x"} → {"value":1}
  The answer at 40.0 ms is the first that fits no order
  3 operations have an order, which leads to {"value":2,"latest":0}`,
  );
});

Deno.test('checkLinearizable() says "unknown" when the time is over', () => {
  // sets of numbers that add up in many ways
  const model: Model<number, number, number> = {
    name: "sum",
    init: () => 0,
    step: (sum, by, output) => [output === undefined || output === sum, sum + by],
  };
  const history: Operation<number, number>[] = Array.from({ length: 40 }, (_, i) => ({
    client: `c${i}`,
    call: 0,
    return: Infinity,
    input: 1_000 + i * i * 37 % 101,
    output: undefined,
  }));
  history.push({ client: "reader", call: 1, return: 2, input: 0, output: 20_000_000 });
  const result = checkLinearizable(model, history, { timeout: 50 });
  deepStrictEqual(result, { verdict: "unknown", parts: [""] });
});

Deno.test("checkLinearizable() refuses times that cannot be", () => {
  const [operation] = written("a 5-3 put 1");
  throws(() => checkLinearizable(registerModel, [operation!]), {
    name: "RangeError",
    message: 'Cannot check a history: an operation of "a" was called at 5 and returned at 3',
  });
  throws(() => checkLinearizable(registerModel, [], { timeout: 0 }), RangeError);
});

Deno.test("checkLinearizable() takes nothing for a history", () => {
  const result = checkLinearizable<RegisterState, RegisterInput, RegisterOutput>(registerModel, []);
  deepStrictEqual(result, { verdict: "ok" });
});
