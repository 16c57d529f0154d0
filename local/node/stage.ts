/** What a simulated container does: how long it takes to be ready, whether and how it ends. */
import { z } from "zod";

/** Annotation of a pod that holds a {@linkcode Stage} as JSON. */
export const STAGE_ANNOTATION = "simulated.troupe.dev/stage";

const duration = z.union([
  z.number().nonnegative(),
  z.tuple([z.number().nonnegative(), z.number().nonnegative()]),
]);

const schema = z.strictObject({
  readyAfter: duration.optional(),
  neverReady: z.boolean().optional(),
  crashAfter: duration.optional(),
  exitCode: z.number().int().min(0).max(255).optional(),
  crashes: z.number().int().nonnegative().optional(),
  unresponsiveAfter: duration.optional(),
  stopAfter: duration.optional(),
  ignoreTerm: z.boolean().optional(),
});

/** Milliseconds, or a range `[from, to)` from which each container draws. */
export type StageDuration = number | [number, number];

/** The behavior of a simulated container; every field is optional, `{}` is ready at once and runs. */
export interface Stage {
  /** Time from the start until it is ready. @default {0} */
  readyAfter?: StageDuration;
  /** Never becomes ready. @default {false} */
  neverReady?: boolean;
  /** Time from the start until it ends by itself; never when absent. */
  crashAfter?: StageDuration;
  /** Exit code of that end. @default {1} */
  exitCode?: number;
  /** How many attempts end so; later ones run on. @default {Infinity} */
  crashes?: number;
  /** Time from the start after which every probe fails. */
  unresponsiveAfter?: StageDuration;
  /** Time from SIGTERM until it ends, with code 0. @default {0} */
  stopAfter?: StageDuration;
  /** Ends by SIGKILL only. @default {false} */
  ignoreTerm?: boolean;
}

/** The stage of a pod's annotation; undefined when it has none. Throws on a stage that is none. */
export function stageOf(
  annotations: Readonly<Record<string, string>> | undefined,
): Stage | undefined {
  const text = annotations?.[STAGE_ANNOTATION];
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`Cannot read annotation "${STAGE_ANNOTATION}": it is no JSON: ${text}`, {
      cause,
    });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new TypeError(
    `Cannot read annotation "${STAGE_ANNOTATION}": "${issue.path.join(".")}": ${issue.message}`,
  );
}

/** Draws a duration from its range. */
export function draw(duration: StageDuration, random: () => number): number {
  if (typeof duration === "number") return duration;
  return duration[0] + (duration[1] - duration[0]) * random();
}
