/** What two outcomes of a step must have in common. */
import type { Outcome, Step } from "./step.ts";

/** The part of an outcome that a step compares. */
export function compared(step: Step, outcome: Outcome): unknown {
  switch (step.compare ?? "body") {
    case "code":
      return { code: outcome.code };
    case "reason":
      return { code: outcome.code, reason: reasonOf(outcome) };
    case "body":
      return outcome;
  }
}

function reasonOf(outcome: Outcome): unknown {
  const { body } = outcome;
  return typeof body === "object" && body !== null
    ? (body as { reason?: unknown }).reason
    : undefined;
}
