import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { falseFailure } from "./toil_failure.ts";
import { type Execution, explainRepeats, readExecutions, type Strike } from "./toil_record.ts";

const MINUTE = 60_000;

function execution(index: number, pod: string, began: number, ended?: number): Execution {
  return { index, pod, pid: 1, began, ...(ended !== undefined && { ended }) };
}

function kill(pod: string, at: number, pid = 1): Strike {
  return { kind: "kill", pod, pid, from: at, to: at };
}

Deno.test("readExecutions() reads what processes have written, in order, also half a line", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/a.7`, "begin 1 100\nbegin 2 120\nend 1 150\nbegin 1 200\nbeg");
  await Deno.writeTextFile(`${dir}/b.8`, "begin 3 110\n");
  deepStrictEqual(readExecutions(dir), [
    { pod: "a", pid: 7, index: 1, began: 100, ended: 150 },
    { pod: "b", pid: 8, index: 3, began: 110 },
    { pod: "a", pid: 7, index: 2, began: 120 },
    { pod: "a", pid: 7, index: 1, began: 200 },
  ]);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("explainRepeats() tells what began again because of a fault from what did without one", () => {
  const twice = [execution(1, "a", MINUTE), execution(1, "b", MINUTE + 500, MINUTE + 600)];
  const once = execution(2, "b", MINUTE, MINUTE + 100);
  const cases: [strikes: Strike[], unexplained: number][] = [
    [[kill("a", MINUTE + 10)], 0],
    [[kill("a", MINUTE - 10)], 1], // before it began
    [[kill("a", MINUTE + 10, 2)], 1], // another process
    [[kill("c", MINUTE + 10)], 1], // another pod
    [[{ kind: "cut", from: MINUTE, to: MINUTE + 10 }], 0], // all of them
    [[], 1],
  ];
  for (const [strikes, expected] of cases) {
    const { repeats, unexplained } = explainRepeats([...twice, once], { strikes });
    strictEqual(repeats, 1);
    strictEqual(unexplained.length, expected, JSON.stringify(strikes));
  }
});

Deno.test("explainRepeats() needs a cause for each time beyond once", () => {
  const three = [execution(1, "a", 0), execution(1, "b", 500), execution(1, "c", 1_000, 1_100)];
  const strikes = [kill("a", 10)];
  strictEqual(explainRepeats(three, { strikes }).unexplained.length, 1);
  strikes.push(kill("b", 510));
  const { causes, unexplained } = explainRepeats(three, { strikes });
  deepStrictEqual([causes, unexplained], [{ kill: 2 }, []]);
});

Deno.test("explainRepeats() lets who leads next do again what was not noted, and begun before", () => {
  const twice = [execution(1, "a", MINUTE, MINUTE + 100), execution(1, "b", 2 * MINUTE)];
  const unexplained = (at: number, noted: boolean): number => {
    const takeovers = [{ at, isNoted: () => noted }];
    return explainRepeats(twice, { strikes: [], takeovers }).unexplained.length;
  };
  strictEqual(unexplained(2 * MINUTE - 500, false), 0);
  strictEqual(unexplained(2 * MINUTE - 500, true), 1);
  strictEqual(unexplained(MINUTE - 10_000, false), 1); // both came after it
  strictEqual(unexplained(3 * MINUTE, false), 1); // both came before it
});

Deno.test("falseFailure() takes only poison whose workers were all struck", () => {
  const story = [
    { pod: "a", how: "lost", began: MINUTE, ended: MINUTE + 500 },
    { pod: "b", how: "unreachable", began: 2 * MINUTE, ended: 2 * MINUTE + 500 },
  ];
  const poison = { error: "PoisonError: so", story };
  const strikes = [kill("a", MINUTE + 100), kill("b", 2 * MINUTE + 100, 2)];
  strictEqual(falseFailure({}, []), undefined);
  strictEqual(falseFailure({ error: "HandlerError: no" }, strikes), "HandlerError: no");
  strictEqual(falseFailure(poison, strikes), undefined);
  strictEqual(falseFailure(poison, [kill("a", MINUTE + 100)])?.includes('"pod":"b"'), true);
});
