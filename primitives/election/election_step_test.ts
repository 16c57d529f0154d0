import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Due, ElectionInput, ElectionPolicy, ElectionState } from "./election_state.ts";
import { initialState, step } from "./election_step.ts";
import { INSTANCE_ANNOTATION, type LeaseRecord, toLeaseRecord } from "./lease_record.ts";

const policy: ElectionPolicy = {
  identity: "me",
  instance: "i",
  leaseDuration: 8_000,
  renewDeadline: 6_000,
  renewInterval: 2_000,
  releaseWithin: 1_500,
  random: () => 0,
};

function lease(version: number, holder: string, renewed = version): LeaseRecord {
  return toLeaseRecord({
    metadata: {
      uid: "u",
      resourceVersion: String(version),
      annotations: { [INSTANCE_ANNOTATION]: holder === "me" ? "i" : "other" },
    },
    spec: { holderIdentity: holder, leaseDurationSeconds: 8, renewTime: String(renewed) },
  });
}

/** Plays inputs, each at its time, and returns the state after the last. */
function play(...inputs: [now: number, ElectionInput][]): ElectionState {
  return inputs.reduce<ElectionState>(
    (state, [now, input]) => step(state, input, { now, policy }),
    initialState(0),
  );
}

function dueOf(state: ElectionState): Due | undefined {
  return state.phase === "ended" ? undefined : state.due;
}

const held: [number, ElectionInput] = [10, { type: "saw", lease: lease(5, "x"), sentAt: 1 }];
const won: [number, ElectionInput][] = [
  [10, { type: "saw", lease: lease(5, ""), sentAt: 1 }],
  [30, { type: "wrote", lease: lease(6, "me"), sentAt: 20 }],
];

Deno.test("step() reads when the lease has had its time, counted from its last observed change", () => {
  deepStrictEqual(dueOf(play(held)), { request: "read", at: 8_010 });
  const renewed: [number, ElectionInput] = [2_000, { type: "saw", lease: lease(6, "x") }];
  deepStrictEqual(dueOf(play(held, renewed)), { request: "read", at: 10_000 });
  const edited: [number, ElectionInput] = [2_000, { type: "saw", lease: lease(6, "x", 5) }];
  deepStrictEqual(dueOf(play(held, edited)), { request: "read", at: 8_010 });
});

Deno.test("step() claims an expired lease only after a read", () => {
  const state = play(held, [9_000, { type: "passed" }]);
  strictEqual(state.phase, "following");
  const again: [number, ElectionInput] = [
    9_002,
    { type: "saw", lease: lease(5, "x"), sentAt: 9_000 },
  ];
  const claiming = play(held, again);
  strictEqual(claiming.phase, "claiming");
  deepStrictEqual(dueOf(claiming), { request: "write", at: 9_002 });
});

Deno.test("step() counts the deadline from before the renewal was sent", () => {
  const state = play(...won);
  strictEqual(state.phase === "leading" && state.deadline, 6_020);
  deepStrictEqual(dueOf(state), { request: "write", at: 2_020 });
  const renewed = step(state, { type: "wrote", lease: lease(7, "me"), sentAt: 2_020 }, {
    now: 4_000,
    policy,
  });
  strictEqual(renewed.phase === "leading" && renewed.deadline, 8_020);
  strictEqual(renewed.phase === "leading" && renewed.token, 6);
});

Deno.test("step() lets a deadline that has passed come before an answer that extends it", () => {
  const state = play(...won, [6_020, { type: "wrote", lease: lease(7, "me"), sentAt: 6_019 }]);
  strictEqual(state.phase === "leading" && state.token, 7); // another term
  const late = play(...won, [12_100, { type: "wrote", lease: lease(7, "me"), sentAt: 6_019 }]);
  strictEqual(late.phase, "claiming"); // its own lease, but no time left
});

Deno.test("step() takes no notice of what the watch tells late", () => {
  const state = play(...won, [40, { type: "saw", lease: lease(4, "x") }]);
  strictEqual(state.phase, "leading");
});

Deno.test("step() waits longer after each failure, up to the renewal's interval", () => {
  const waits: number[] = [];
  let state: ElectionState = initialState(0);
  for (let i = 0; i < 8; i++) {
    state = step(state, { type: "failed", forbidden: false }, { now: 0, policy });
    waits.push(dueOf(state)!.at);
  }
  deepStrictEqual(waits, [50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
});

Deno.test("step() reads at once when a renewal is refused, and a little later when a claim is, each time more", () => {
  const conflicted: [number, ElectionInput] = [100, { type: "conflicted", sentAt: 90 }];
  const free: [number, ElectionInput] = [200, { type: "saw", lease: lease(6, ""), sentAt: 150 }];
  deepStrictEqual(dueOf(play(...won, conflicted)), { request: "read", at: 100 });
  deepStrictEqual(dueOf(play(won[0]!, conflicted)), { request: "read", at: 150 });
  const again: [number, ElectionInput] = [300, { type: "conflicted", sentAt: 90 }];
  deepStrictEqual(dueOf(play(won[0]!, conflicted, free, again)), { request: "read", at: 400 });
});

Deno.test("step() reads nothing when a claim is refused and the watch has told who was faster", () => {
  const other: [number, ElectionInput] = [50, { type: "saw", lease: lease(6, "x") }];
  const state = play(won[0]!, other, [60, { type: "conflicted", sentAt: 90 }]);
  deepStrictEqual(dueOf(state), { request: "read", at: 8_050 });
});

Deno.test("step() ends a candidate that is stopped, and leads on until the term is abandoned", () => {
  strictEqual(play(held, [20, { type: "stopped", writing: false }]).phase, "ended");
  const stopped = play(...won, [40, { type: "stopped", writing: false }]);
  strictEqual(stopped.phase, "leading");
  const released = step(stopped, { type: "abandoned" }, { now: 50, policy });
  deepStrictEqual(released.phase === "releasing" && [released.due, released.until], [
    { request: "write", at: 50 },
    1_550,
  ]);
  const lost = step(stopped, { type: "passed" }, { now: 6_020, policy });
  strictEqual(lost.phase, "ended"); // and does not campaign again
});

Deno.test("step() takes no answer of its release for a claim, when the watch has told of it earlier", () => {
  const released = { lease: lease(7, ""), sentAt: 50 };
  const state = play(
    ...won,
    [50, { type: "resigned", until: 5_000 }],
    [60, { type: "saw", lease: released.lease }],
    [70, { type: "wrote", ...released }],
  );
  deepStrictEqual([state.phase, dueOf(state)], ["claiming", { request: "write", at: 5_000 }]);
});

Deno.test("step() waits a whole duration when the Lease is gone, for its holder may have renewed it unheard", () => {
  const gone: [number, ElectionInput] = [7_000, { type: "saw", sentAt: 6_990 }];
  deepStrictEqual(dueOf(play(held, gone)), { request: "read", at: 15_000 });
  const still: [number, ElectionInput] = [9_000, { type: "saw", sentAt: 8_990 }];
  deepStrictEqual(dueOf(play(held, gone, still)), { request: "read", at: 15_000 });
});
