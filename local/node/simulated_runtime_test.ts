import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { ManualClock } from "./clock.ts";
import type { ContainerConfig } from "./runtime.ts";
import { SimulatedRuntime } from "./simulated_runtime.ts";
import { type Stage, STAGE_ANNOTATION, stageOf } from "./stage.ts";

const CONFIG: ContainerConfig = {
  namespace: "default",
  pod: "a",
  uid: "1",
  container: "main",
  attempt: 0,
  image: "x",
  command: [],
  env: {},
};

async function start(stage: Stage, random = () => 0.5) {
  const clock = new ManualClock();
  const runtime = new SimulatedRuntime({ clock, random, stage: () => stage });
  const container = await runtime.start(CONFIG);
  let code: number | undefined;
  container.exited.then((exit) => code = exit.code);
  const probe = async (purpose: "readiness" | "liveness") => {
    const action = { type: "tcp", host: "", port: 0 } as const;
    return (await container.act(action, { purpose, signal: new AbortController().signal })).ok;
  };
  return { clock, runtime, container, probe, code: () => code };
}

Deno.test("SimulatedRuntime is ready after its time, drawn from the range", async () => {
  const { clock, runtime, container, probe } = await start({ readyAfter: [100, 200] });
  let told = false;
  container.ready!.then(() => told = true);
  await clock.advance(149);
  deepStrictEqual([told, await probe("readiness"), await probe("liveness")], [false, false, true]);
  await clock.advance(1);
  deepStrictEqual([told, await probe("readiness")], [true, true]);
  await runtime.close();
});

Deno.test("SimulatedRuntime crashes after its time as often as told", async () => {
  const { clock, runtime, code } = await start({ crashAfter: 10, exitCode: 3, crashes: 1 });
  await clock.advance(10);
  strictEqual(code(), 3);
  const second = await runtime.start({ ...CONFIG, attempt: 1 });
  await clock.advance(1000);
  strictEqual(await Promise.race([second.exited, "runs"]), "runs");
  await runtime.close();
});

Deno.test("SimulatedRuntime fails its probes when it became unresponsive", async () => {
  const { clock, runtime, probe } = await start({ unresponsiveAfter: 10 });
  strictEqual(await probe("liveness"), true);
  await clock.advance(10);
  strictEqual(await probe("liveness"), false);
  await runtime.close();
});

Deno.test("SimulatedRuntime takes its time to stop, or waits for SIGKILL", async () => {
  const slow = await start({ stopAfter: 500 });
  slow.container.signal("SIGTERM");
  await slow.clock.advance(499);
  strictEqual(slow.code(), undefined);
  await slow.clock.advance(1);
  strictEqual(slow.code(), 0);
  const deaf = await start({ ignoreTerm: true });
  deaf.container.signal("SIGTERM");
  await deaf.clock.advance(10_000);
  strictEqual(deaf.code(), undefined);
  deaf.container.signal("SIGKILL");
  await deaf.clock.advance(0);
  strictEqual(deaf.code(), 137);
});

Deno.test("stageOf() names the field of a stage that is none", async () => {
  const of = (text: string) => ({ [STAGE_ANNOTATION]: text });
  deepStrictEqual(stageOf(of('{"readyAfter":[1,2]}')), { readyAfter: [1, 2] });
  strictEqual(stageOf({}), undefined);
  const bad = (text: string) => async () => await Promise.resolve().then(() => stageOf(of(text)));
  await rejects(bad('{"exitCode":300}'), /"exitCode": /);
  await rejects(bad("{"), /it is no JSON/);
});
