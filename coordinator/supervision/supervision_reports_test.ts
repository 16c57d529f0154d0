import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Escalation } from "./escalation.ts";
import { SupervisionReports } from "./supervision_reports.ts";

const ESCALATION: Escalation = {
  workload: "w",
  namespace: "team",
  app: undefined,
  strategy: "oneForOne",
  pods: ["w-1"],
  failures: [{ pod: "w-1", time: "T", exitCode: 3, reason: "Error" }],
  maxRestarts: 0,
  within: 1_500,
};

Deno.test("SupervisionReports.onEscalation() hears escalations, and their lack of a handler is an error", async () => {
  const told: string[] = [];
  const errors: unknown[] = [];
  const heard: Escalation[] = [];
  const reports = new SupervisionReports({
    emit: ({ type }) => void told.push(type),
    onError: (error) => void errors.push((error as Error).message),
  });
  const remove = reports.onEscalation((escalation) => {
    heard.push(escalation);
    throw new Error("handler");
  });
  reports.escalated(ESCALATION);
  await reports.settled();
  strictEqual(heard[0], ESCALATION);
  deepStrictEqual(errors.splice(0), ["handler"]);
  remove();
  remove();
  reports.escalated(ESCALATION);
  await reports.settled();
  strictEqual(heard.length, 1);
  deepStrictEqual(errors, [
    'Cannot keep "w" running: 1 failures within 1.5 s, 0 are borne, and there is no handler of ' +
    "onEscalation",
  ]);
  deepStrictEqual(told, ["escalated", "escalated"]);
});
