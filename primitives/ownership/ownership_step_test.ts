import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "../../testing/mod.ts";
import { NO_MEMBERS, ownershipSchema, type OwnershipState } from "./ownership_state.ts";
import { type OwnershipFacts, step } from "./ownership_step.ts";

const NONE: ReadonlySet<string> = new Set();

function factsOf(id: string, facts: Partial<OwnershipFacts> = {}): OwnershipFacts {
  const session = `session-${id}`;
  const keys = new Set(["a", "b", "c", "d"]);
  const sets = { released: NONE, gone: NONE, former: NONE };
  return { id, session, joined: true, leaving: false, keys, ...sets, ...facts };
}

/** The state after one after another. */
function run(state: OwnershipState, ...all: OwnershipFacts[]): OwnershipState {
  return all.reduce((it, facts) => step(it, facts) ?? it, state);
}

const joining = { joined: false };

Deno.test("step() gives keys to who joins, and back to the others when it leaves", () => {
  const one = run(NO_MEMBERS, factsOf("m", joining));
  deepStrictEqual(one, {
    members: { m: { session: "session-m", set: "0", owns: ["a", "b", "c", "d"] } },
    lacks: { "0": [] },
  });
  const two = run(one, factsOf("n", joining));
  deepStrictEqual(two.members.m!.owns, ["a", "b"]);
  deepStrictEqual(two.members.m!.gives, { n: ["c", "d"] });
  strictEqual(step(two, factsOf("m")), undefined); // nothing to say
  const handed = run(two, factsOf("m", { released: new Set(["c", "d"]) }));
  deepStrictEqual(handed.members.n!.owns.toSorted(), ["c", "d"]);
  const going = run(handed, factsOf("n", { leaving: true }));
  deepStrictEqual([going.members.n!.leaving, going.members.n!.owns], [true, []]);
  const left = run(going, factsOf("n", { leaving: true, released: new Set(["c", "d"]) }));
  deepStrictEqual(Object.keys(left.members), ["m"]);
  deepStrictEqual(left.members.m!.owns.toSorted(), ["a", "b", "c", "d"]);
});

Deno.test("step() removes who is gone with its keys, and does not let it in again", () => {
  const two = run(NO_MEMBERS, factsOf("m", joining), factsOf("n", joining));
  const removed = run(two, factsOf("n", { gone: new Set(["session-m"]) }));
  deepStrictEqual(removed.members.n!.owns.toSorted(), ["a", "b", "c", "d"]);
  strictEqual(removed.members.n!.gives, undefined);
  strictEqual(step(removed, factsOf("m", { released: new Set(["a"]) })), undefined);
  const again = run(removed, factsOf("o", { ...joining, former: new Set(["n"]) }));
  deepStrictEqual(Object.keys(again.members), ["o"]);
  deepStrictEqual(again.members.o!.owns.toSorted(), ["a", "b", "c", "d"]);
});

Deno.test("step() keeps what was released when it is to stay after all", () => {
  const two = run(NO_MEMBERS, factsOf("m", joining), factsOf("n", joining));
  const released = new Set(["c", "d"]);
  const now = run(two, factsOf("m", { released, gone: new Set(["session-n"]) }));
  deepStrictEqual(now.members.m!.owns.toSorted(), ["a", "b", "c", "d"]);
});

Deno.test("step() stores equal sets of keys once, and moves keys to who names them", () => {
  const old = run(NO_MEMBERS, factsOf("m", joining), factsOf("n", joining));
  deepStrictEqual(Object.keys(old.lacks), ["0"]);
  const keys = new Set(["c", "d", "e"]);
  const three = run(old, factsOf("o", { ...joining, keys }));
  deepStrictEqual(three.lacks, { "0": ["e"], "1": ["a", "b"] });
  deepStrictEqual(three.members.o!.owns, ["e"]); // which nobody had
  const changed = run(three, factsOf("m", { keys }), factsOf("n", { keys }));
  deepStrictEqual(Object.keys(changed.lacks), ["1"]);
  const released = new Set(["a", "b"]);
  const rest = run(changed, factsOf("m", { keys, released }), factsOf("n", { keys, released }));
  const all = Object.values(rest.members).flatMap(({ owns, gives }) => [
    ...owns,
    ...Object.values(gives ?? {}).flat(),
  ]);
  deepStrictEqual([all.sort(), rest.lacks], [["c", "d", "e"], { "1": [] }]);
});

Deno.test("step() leaves nothing when the last one goes", () => {
  const one = run(NO_MEMBERS, factsOf("m", joining));
  const released = new Set(["a", "b", "c", "d"]);
  deepStrictEqual(run(one, factsOf("m", { leaving: true, released })), NO_MEMBERS);
});

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`step() gives each key that is named one owner, who alone hands it on (seed ${seed})`, () => {
    const random = seededRandom(seed);
    const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!;
    const universe = Array.from({ length: 24 }, (_, i) => `k${i}`);
    const someKeys = () => {
      const from = pick([0, 0, 0, 4, 8]);
      return new Set(universe.slice(from, from + 16));
    };
    let state = NO_MEMBERS;
    const members = new Map<string, OwnershipFacts>();
    for (let i = 0; i < 300; i++) {
      const ids = [...members.keys()];
      let facts: OwnershipFacts;
      const dice = random();
      if (ids.length === 0 || dice < 0.2) {
        facts = factsOf(`m${i}`, { joined: false, keys: someKeys() });
      } else {
        facts = members.get(pick(ids))!;
        if (dice < 0.25) facts = { ...facts, leaving: true };
        else if (dice < 0.3) facts = { ...facts, keys: someKeys() };
        else if (dice < 0.4 && ids.length > 1) {
          const dead = pick(ids.filter((id) => id !== facts.id));
          members.delete(dead);
          facts = { ...facts, gone: new Set([`session-${dead}`]) };
        } else if (dice < 0.9) {
          const gives = Object.values(state.members[facts.id]!.gives ?? {}).flat();
          const any = [...gives, ...state.members[facts.id]!.owns];
          facts = { ...facts, released: new Set(any.filter(() => random() < 0.5)) };
        }
      }
      const before = ownersOf(state);
      state = ownershipSchema.parse(JSON.parse(JSON.stringify(step(state, facts) ?? state)));
      const after = ownersOf(state);
      if (state.members[facts.id]) {
        const kept = { ...facts, joined: true, released: NONE, gone: NONE };
        members.set(facts.id, kept);
      } else members.delete(facts.id);
      deepStrictEqual(Object.keys(state.members).sort(), [...members.keys()].sort());
      for (const [key, owner] of before) {
        if (after.get(key) === owner) continue;
        // only what its owner has released, or of one who is gone
        ok(owner === facts.id && facts.released.has(key) || facts.gone.has(`session-${owner}`));
      }
      for (const { keys, leaving } of members.values()) {
        if (!leaving) { for (const key of keys) ok(after.has(key), `nobody has ${key}`); }
      }
      for (const [id, { gives }] of Object.entries(state.members)) {
        for (const [next, given] of Object.entries(gives ?? {})) {
          for (const key of given) ok(next !== id && members.get(next)!.keys.has(key));
        }
      }
    }
  });
}

/** Who has each key; fails if two have one. */
function ownersOf({ members }: OwnershipState): Map<string, string> {
  const owners = new Map<string, string>();
  for (const [id, { owns, gives }] of Object.entries(members)) {
    for (const key of [...owns, ...Object.values(gives ?? {}).flat()]) {
      ok(!owners.has(key), `${key} is twice there`);
      owners.set(key, id);
    }
  }
  return owners;
}
