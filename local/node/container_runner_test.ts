import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Container } from "@cloudydeno/kubernetes-apis/core/v1";
import { ManualClock } from "./clock.ts";
import { ContainerRunner } from "./container_runner.ts";
import type { ActionResult, ContainerAction, ContainerExit, RunningContainer } from "./runtime.ts";

/** A container that notes what is done to it and ends by SIGKILL, or as `onTerm` says. */
function scene(
  lifecycle: Container["lifecycle"],
  options: { onTerm?: "ends" | "hangs"; hook?: Promise<ActionResult> } = {},
) {
  const clock = new ManualClock();
  const notes: string[] = [];
  const exited = Promise.withResolvers<ContainerExit>();
  const note = (text: string) => notes.push(`${clock.now()} ${text}`);
  const container: RunningContainer = {
    id: "x://1",
    startedAt: clock.date(),
    exited: exited.promise,
    signal: (name) => {
      note(name);
      if (name === "SIGKILL" || options.onTerm === "ends") {
        exited.resolve({ code: 0, finishedAt: clock.date() });
      }
    },
    act: (action: ContainerAction, { signal }) => {
      note(action.type);
      return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
        options.hook?.then(resolve);
      });
    },
  };
  const runner = new ContainerRunner(container, {
    spec: { name: "main", lifecycle },
    clock,
    podIP: "127.0.0.1",
    onProbe: () => {},
    onEvent: (reason) => note(reason),
  });
  return { clock, notes, runner };
}

const EXEC = { exec: { command: ["x"] } };

Deno.test("stop() sends SIGTERM, and SIGKILL when the grace is over", async () => {
  const { clock, notes, runner } = scene(undefined);
  runner.stop(5000);
  await clock.advance(10_000);
  deepStrictEqual(notes, ["0 SIGTERM", "5000 SIGKILL"]);
  strictEqual((await runner.ended).code, 0);
});

Deno.test("stop() sends no SIGKILL when the container ended", async () => {
  const { clock, notes, runner } = scene(undefined, { onTerm: "ends" });
  runner.stop(5000);
  await runner.ended;
  await clock.advance(10_000);
  deepStrictEqual(notes, ["0 SIGTERM"]);
});

Deno.test("stop() sends SIGKILL at once when there is no grace", async () => {
  const { notes, runner } = scene({ preStop: EXEC });
  runner.stop(0);
  await runner.ended;
  deepStrictEqual(notes, ["0 SIGKILL"]);
});

Deno.test("stop() sends SIGTERM after the preStop hook", async () => {
  const { clock, notes, runner } = scene({ preStop: { sleep: { seconds: 3 } } }, {
    onTerm: "ends",
  });
  runner.stop(10_000);
  await clock.advance(10_000);
  await runner.ended;
  deepStrictEqual(notes, ["3000 SIGTERM"]);
});

Deno.test("stop() cuts a preStop hook that would leave nothing of the grace", async () => {
  const { clock, notes, runner } = scene({ preStop: EXEC });
  runner.stop(10_000);
  await clock.advance(10_000);
  await runner.ended;
  deepStrictEqual(notes, ["0 exec", "8000 FailedPreStopHook", "8000 SIGTERM", "10000 SIGKILL"]);
});

Deno.test("stop() hurries when it is called again with a shorter grace", async () => {
  const { clock, notes, runner } = scene({ preStop: EXEC });
  runner.stop(60_000);
  await clock.advance(1000);
  runner.stop(2000);
  await clock.advance(500);
  runner.stop(1000);
  await clock.advance(60_000);
  await runner.ended;
  deepStrictEqual(notes, ["0 exec", "1000 SIGTERM", "2500 SIGKILL"]);
});

Deno.test("ContainerRunner kills a container whose postStart hook fails", async () => {
  const hook = Promise.resolve({ ok: false, message: "no" });
  const { notes, runner } = scene({ postStart: EXEC }, { hook });
  await runner.ended;
  deepStrictEqual(notes, ["0 exec", "0 FailedPostStartHook", "0 SIGKILL"]);
});
