import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import type { CommandError } from "./command_error.ts";
import { LinesRunner } from "./lines_runner.ts";
import { restartWait } from "./command_runner.ts";
import { line, shell, task, type Told } from "./testdata/shell.ts";

/** A line in answer to each, with the process that it came from. */
const ECHO = `while read -r l; do echo "[$$,$l]"; done`;

function unexpected(error: Error): void {
  throw error;
}

function told(): Told {
  return { exits: [], lines: [] };
}

Deno.test("run() gives one process a line for each task", async () => {
  const runner = new LinesRunner({ ...shell(ECHO), onHopeless: unexpected });
  const results = [];
  for (const input of [1, "two", { three: 3 }]) results.push(await runner.run(task(input)));
  const [[pid]] = results as [[number]];
  deepStrictEqual(results, [[pid, 1], [pid, "two"], [pid, { three: 3 }]]);
  await runner.close();
});

Deno.test("run() gives each of several processes one task at a time", async () => {
  const runner = new LinesRunner({ ...shell(ECHO), processes: 2, onHopeless: unexpected });
  const inputs = Array.from({ length: 20 }, (_, i) => i);
  const results = await Promise.all(inputs.map((input) => runner.run(task(input))));
  deepStrictEqual(results.map((result) => (result as number[])[1]), inputs);
  strictEqual(new Set(results.map((result) => (result as number[])[0])).size, 2);
  await runner.close();
});

Deno.test("run() rejects when the process dies with the task, and another one does the next", async () => {
  const seen = told();
  const script =
    `while read -r l; do [ "$l" = 13 ] && { echo bad luck >&2; exit 4; }; echo "[$$,$l]"; done`;
  const runner = new LinesRunner({ ...shell(script, seen), onHopeless: unexpected });
  const [first] = await runner.run(task(1)) as number[];
  const fatal = task(13);
  await rejects(runner.run(fatal), (error: CommandError) => {
    strictEqual(error.code, "died");
    strictEqual(error.message, 'Cannot finish the task: "sh" ended with exit code 4: bad luck');
    return true;
  });
  const [second, result] = await runner.run(task(2)) as number[];
  strictEqual(result, 2);
  strictEqual(first === second, false);
  deepStrictEqual(seen.exits, [
    { exit: { code: 4, signal: null, stderr: "bad luck" }, tasks: [fatal.id] },
  ]);
  await runner.close();
});

const USELESS: readonly [what: string, script: string, message: RegExp][] = [
  ["is no JSON", `read -r l; echo hello; sleep 1000`, /it wrote a line that is no JSON, "hello"$/],
  ["is too long", `read -r l; cat /dev/zero`, /it wrote a line of more than 100 bytes$/],
];

for (const [what, script, message] of USELESS) {
  Deno.test(`run() rejects and ends the process when a line ${what}`, async () => {
    const seen = told();
    const options = { ...shell(script, seen), maxOutput: 100, onHopeless: unexpected };
    const runner = new LinesRunner(options);
    const only = task(1);
    await rejects(runner.run(only), (error: CommandError) => {
      strictEqual(error.code, "output");
      match(error.message, message);
      return true;
    });
    deepStrictEqual(seen.exits.map(({ tasks }) => tasks), [[only.id]]);
    await runner.close();
  });
}

Deno.test("run() never takes a line that answers no task for a result", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const seen = told();
    // the first life answers twice; the lives after it do as they should
    const script = `if mkdir ${dir}/once; then read -r l; echo 1; echo 2; sleep 1000; fi; ${ECHO}`;
    const options = { ...shell(script, seen), onHopeless: unexpected };
    const noticed = line(
      options,
      'Cannot use "sh": it wrote a line that answers no task, "2"',
    );
    const runner = new LinesRunner(options);
    strictEqual(await runner.run(task("a")), 1);
    await noticed;
    const [, result] = await runner.run(task("b")) as unknown[];
    strictEqual(result, "b");
    deepStrictEqual(seen.exits.map(({ exit }) => exit.signal), ["SIGTERM"]);
    await runner.close();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("run() rejects when the process closes its output, and ends it", async () => {
  const seen = told();
  const script = `read -r l; exec >&-; exec sleep 1000`;
  const runner = new LinesRunner({ ...shell(script, seen), onHopeless: unexpected });
  await rejects(runner.run(task(1)), /was ended by SIGTERM/);
  await runner.close();
});

Deno.test("run() lets a process live that answers a canceled task within the grace", async () => {
  const options = {
    ...shell(`while read -r l; do echo "got $l" >&2; read -r go < "$FIFO"; echo "[$$,$l]"; done`),
    onHopeless: unexpected,
  };
  const dir = await Deno.makeTempDir();
  try {
    const fifo = `${dir}/fifo`;
    await new Deno.Command("mkfifo", { args: [fifo] }).output();
    options.env = { ...options.env, FIFO: fifo };
    const got = line(options, "got 1");
    const runner = new LinesRunner(options);
    const canceled = new AbortController();
    const running = rejects(runner.run(task(1, canceled.signal)), /enough/);
    await got;
    canceled.abort(new Error("enough"));
    const next = runner.run(task(2));
    await Deno.writeTextFile(fifo, "go\n"); // it answers the first one, which nobody gets
    await running;
    await Deno.writeTextFile(fifo, "go\n");
    deepStrictEqual((await next as number[])[1], 2);
    await runner.close();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("run() ends a process that does not answer a canceled task within the grace", async () => {
  const seen = told();
  const script =
    `while read -r l; do echo "got $l" >&2; [ "$l" = 1 ] && exec sleep 1000; echo "$l"; done`;
  const options = { ...shell(script, seen), grace: 50, onHopeless: unexpected };
  const got = line(options, "got 1");
  const runner = new LinesRunner(options);
  const canceled = new AbortController();
  const stuck = task(1, canceled.signal);
  const running = rejects(runner.run(stuck), /enough/);
  await got;
  canceled.abort(new Error("enough"));
  await running;
  deepStrictEqual(seen.exits.map(({ exit, tasks }) => [exit.signal, tasks]), [["SIGTERM", [
    stuck.id,
  ]]]);
  strictEqual(await runner.run(task(2)), 2);
  await runner.close();
});

const CLOSED: readonly [what: string, trap: string, grace: number, signal: string | null][] = [
  ["lets a process end by itself", "exit 0", 10_000, null],
  ["kills a process that does not end", "", 20, "SIGKILL"],
];

for (const [what, trap, grace, signal] of CLOSED) {
  Deno.test(`close() ${what}`, async () => {
    const seen = told();
    const script = `trap '${trap}' TERM; echo up >&2; while :; do sleep 0.01; done`;
    const options = { ...shell(script, seen), grace, onHopeless: unexpected };
    const up = line(options, "up");
    const runner = new LinesRunner(options);
    await up;
    await runner.close();
    deepStrictEqual(seen.exits.map(({ exit }) => exit.signal), [signal]);
  });
}

Deno.test("LinesRunner gives up on a program that ends again and again without a result", async () => {
  const seen = told();
  const { promise, resolve } = Promise.withResolvers<Error>();
  const options = { ...shell(`exit 7`, seen), onHopeless: resolve, restartWait: () => 0 };
  const runner = new LinesRunner(options);
  const { message } = await promise;
  strictEqual(
    message,
    'Cannot keep "sh" alive: it ended 6 times in a row without any result, at last it ended with exit code 7',
  );
  strictEqual(seen.exits.length, 6);
  await rejects(runner.run(task(1)), (error: CommandError) => error.code === "gone");
  await runner.close();
});

Deno.test("run() hands a task back that waits for a program that is given up", async () => {
  const { promise: wait, resolve: go } = Promise.withResolvers<void>();
  const options = {
    ...shell(`exit 7`),
    onHopeless: () => {},
    restartWait: (deaths: number) => {
      if (deaths === 5) go();
      return deaths < 5 ? 0 : 50;
    },
  };
  const runner = new LinesRunner(options);
  await wait;
  await rejects(
    runner.run(task(1)),
    (error: CommandError) => ["gone", "died"].includes(error.code),
  );
  await runner.close();
});

Deno.test("restartWait() doubles up to ten seconds", () => {
  deepStrictEqual([1, 2, 3, 7, 8, 50].map(restartWait), [100, 200, 400, 6400, 10_000, 10_000]);
});

Deno.test("LinesRunner cannot be made of a program that is not there", () => {
  const options = { ...shell(""), command: ["no-such-program"], onHopeless: unexpected };
  throws(() => new LinesRunner(options), /^StartError: Cannot start "no-such-program"/);
});
