import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { EventRecorder } from "./events.ts";
import { NOW, pod } from "./testdata/builders.ts";
import { FakeRest } from "./testdata/fake_rest.ts";
import { ObjectClient } from "./writes.ts";

function setup() {
  const rest = new FakeRest();
  let now = NOW;
  const recorder = new EventRecorder(new ObjectClient(rest), "tests", {
    now: () => now,
    random: () => 0.5,
  });
  const about = pod("web-1");
  const note = (message: string, reason = "Created") =>
    recorder.record({ about, type: "Normal", reason, message });
  return { rest, recorder, note, pass: (ms: number) => now += ms };
}

Deno.test("EventRecorder writes an event that kubectl can show", async () => {
  const { rest, recorder, note } = setup();
  note("Created pod: web-1");
  await recorder.settled();
  const [{ method, path, body }] = rest.requests as [{ method: string; path: string; body: Body }];
  deepStrictEqual([method, path], ["POST", "/api/v1/namespaces/default/events"]);
  strictEqual(body.involvedObject.name, "web-1");
  deepStrictEqual([body.reason, body.message, body.count], ["Created", "Created pod: web-1", 1]);
  strictEqual(body.source.component, "tests");
});

interface Body {
  involvedObject: { name: string };
  source: { component: string };
  reason: string;
  message: string;
  count: number;
}

Deno.test("EventRecorder counts up when it hears the same again", async () => {
  const { rest, recorder, note } = setup();
  for (let i = 0; i < 3; i++) note("again");
  await recorder.settled();
  deepStrictEqual(rest.requests.map(({ method }) => method), ["POST", "PATCH", "PATCH"]);
  strictEqual((rest.requests[2]?.body as Body).count, 3);
});

Deno.test("EventRecorder writes a note with an action in the form of the newer API", async () => {
  const { rest, recorder } = setup();
  const note = { about: pod("web-1"), type: "Normal", reason: "Scheduled", message: "" } as const;
  for (let i = 0; i < 2; i++) recorder.record({ ...note, action: "Binding" });
  await recorder.settled();
  const [made, again] = rest.requests.map(({ body }) => body as Record<string, unknown>);
  const at = new Date(NOW).toISOString().replace("Z", "000Z");
  deepStrictEqual(
    [made!.action, made!.eventTime, made!.reportingInstance, made!.lastTimestamp, made!.source],
    ["Binding", at, "tests-local", undefined, undefined],
  );
  deepStrictEqual(again, { series: { count: 2, lastObservedTime: at }, message: "" });
});

Deno.test("EventRecorder names events in the order in which they were told", async () => {
  const { rest, note, recorder, pass } = setup();
  for (let i = 0; i < 12; i++) {
    note(`${i}`, `Reason${i}`);
    if (i % 4 === 3) pass(1);
    await recorder.settled();
  }
  const names = rest.requests.map(({ body }) =>
    (body as { metadata: { name: string } }).metadata.name
  );
  deepStrictEqual(names, names.toSorted());
  strictEqual(new Set(names).size, 12);
});

Deno.test("EventRecorder combines notes that differ only in their text", async () => {
  const { rest, recorder, note } = setup();
  for (let i = 0; i < 14; i++) note(`pod ${i}`);
  await recorder.settled();
  const created = rest.requests.filter(({ method }) => method === "POST");
  strictEqual(created.length, 11);
  strictEqual(
    (rest.requests.at(-1)?.body as Body).message,
    "(combined from similar events): pod 13",
  );
});

Deno.test("EventRecorder writes no more than a burst about one object, then one each 5 minutes", async () => {
  const { rest, recorder, note, pass } = setup();
  for (let i = 0; i < 100; i++) note("same", `Reason${i}`);
  await recorder.settled();
  strictEqual(rest.requests.length, 25);
  strictEqual(recorder.dropped, 75);
  pass(300_000);
  for (let i = 0; i < 5; i++) note("same", `Later${i}`);
  await recorder.settled();
  strictEqual(rest.requests.length, 26);
});

Deno.test("EventRecorder goes on when the server refuses, and ends at once when closed", async () => {
  const { rest, recorder, note } = setup();
  rest.answer = () => {
    throw new Error("refused");
  };
  note("one");
  await recorder.settled();
  strictEqual(recorder.dropped, 1);
  note("two");
  await recorder.close();
  note("three");
  strictEqual(rest.requests.length, 1);
});
