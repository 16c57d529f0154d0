/**
 * What supervision remembers of a workload, as the text in its head's annotation.
 *
 * A monotonic clock means nothing to the next leader, and wall clocks of two machines may differ by
 * anything. So the text has *ages*: how long ago something was when the text was written. The next
 * leader takes them as they are, as if no time had passed since: it never forgets a failure too soon,
 * never waits too short before a restart and never ends the silence after an escalation too early. It
 * may do each of them late, by the time from the write to its begin. To keep that short, the leader
 * writes once more when a window has become empty. Times of day are there for people only.
 *
 * @module
 */
import { z } from "zod";
import type { Head } from "../heads.ts";
import { ANNOTATIONS } from "../labels.ts";
import type { Failure, Memory } from "./state.ts";
import { CALM_POD, MAX_VICTIMS } from "./supervise.ts";

/** Upper bounds of what is written: all annotations of an object have 256 KiB together. */
const MOST_FAILURES = 100;
const MOST_PODS = 1_000;
const LONGEST_TEXT = 200;

const whole = z.int().min(0);
const age = z.number().min(0);
const text = z.string();
const victim = z.tuple([text, text, text]);

const schema = z.strictObject({
  v: z.literal(1),
  /** By uid: ends, failures in a row, age of the last one, whether disrupted. */
  pods: z.record(text, z.tuple([whole, whole, age, whole])).default({}),
  failures: z.array(z.strictObject({
    pod: text,
    uid: text,
    age,
    time: text,
    exitCode: z.int().optional(),
    reason: text.optional(),
  })).default([]),
  disruptions: whole.default(0),
  waits: whole.default(0),
  restarted: age.optional(),
  restart: z.strictObject({ cause: text, victims: z.array(victim), wait: z.number() }).optional(),
  stopping: z.strictObject({ workloads: z.array(text), reason: text }).optional(),
  stopped: z.strictObject({ time: text, reason: text, replicas: whole }).optional(),
  escalation: z.strictObject({ age, time: text, told: z.boolean() }).optional(),
  quarantined: z.array(z.strictObject({
    pod: text,
    uid: text,
    time: text,
    reason: text,
    phase: z.enum(["pending", "kept", "discarded"]),
  })).default([]),
  lost: z.array(victim).default([]),
});

/** Writes what is remembered as a text, at a moment of the monotonic clock. */
export function serializeRecord(memory: Memory, now: number): string {
  const { restart, escalation, restarted, disruptions, waits, stopping, stopped } = memory;
  const ageOf = (at: number): number => Math.max(0, Math.round(now - at));
  const pods = [...memory.pods].slice(-MOST_PODS).map(([uid, { ends, streak, last, disrupted }]) =>
    [uid, [ends, streak, Math.min(CALM_POD, ageOf(last)), disrupted ? 1 : 0]] as const
  );
  const record: z.input<typeof schema> = {
    v: 1,
    ...(pods.length > 0 && { pods: Object.fromEntries(pods) as Record<string, never> }),
    ...(memory.failures.length > 0 && {
      failures: memory.failures.slice(-MOST_FAILURES).map(({ at, ...rest }) => ({
        ...rest,
        ...(rest.reason && { reason: rest.reason.slice(0, LONGEST_TEXT) }),
        age: ageOf(at),
      })),
    }),
    ...(disruptions > 0 && { disruptions }),
    ...(waits > 0 && { waits }),
    ...(restarted !== undefined && { restarted: ageOf(restarted) }),
    ...(restart && {
      restart: {
        cause: restart.cause,
        victims: restart.victims.slice(0, MAX_VICTIMS).map(({ workload, name, uid }) =>
          [workload, name, uid] as [string, string, string]
        ),
        wait: Math.max(0, Math.round(restart.due - now)),
      },
    }),
    ...(stopping && { stopping }),
    ...(stopped && { stopped }),
    ...(escalation && {
      escalation: { age: ageOf(escalation.at), time: escalation.time, told: escalation.told },
    }),
    ...(memory.quarantined.length > 0 && { quarantined: memory.quarantined }),
    ...(memory.lost.length > 0 && {
      lost: memory.lost.map(({ workload, name, uid }) =>
        [workload, name, uid] as [string, string, string]
      ),
    }),
  };
  return JSON.stringify(record);
}

/**
 * Reads what another leader remembered.
 *
 * @throws {SyntaxError} when it is not a record that this version knows
 */
export function parseRecord(record: string, now: number): Memory {
  let found: z.output<typeof schema>;
  try {
    found = schema.parse(JSON.parse(record));
  } catch (cause) {
    throw new SyntaxError(
      "Cannot read what supervision has recorded: it is damaged or of another version; it begins anew",
      { cause },
    );
  }
  const victimOf = ([workload, name, uid]: [string, string, string]) => ({ workload, name, uid });
  const { restart, escalation, restarted } = found;
  return {
    pods: new Map(
      Object.entries(found.pods).map((
        [uid, [ends, streak, age, disrupted]],
      ) => [uid, { ends, streak, last: now - age, disrupted: disrupted === 1 }]),
    ),
    failures: found.failures.map(({ age, ...rest }): Failure => ({ ...rest, at: now - age })),
    disruptions: found.disruptions,
    waits: found.waits,
    restarted: restarted === undefined ? undefined : now - restarted,
    restart: restart && {
      cause: restart.cause,
      victims: restart.victims.map(victimOf),
      due: now + restart.wait,
    },
    stopping: found.stopping,
    stopped: found.stopped,
    escalation: escalation && {
      at: now - escalation.age,
      time: escalation.time,
      told: escalation.told,
    },
    quarantined: found.quarantined,
    lost: found.lost.map(victimOf),
    terminating: new Map(),
  };
}

/** How many workers a workload had that supervision has stopped; nothing, if it has not. */
export function replicasBeforeStop(head: Head): number | undefined {
  return stoppedIn(head)?.replicas;
}

/** Why supervision has stopped a workload; nothing, if it has not, or it was given workers again. */
export function stoppedReason(head: Head): string | undefined {
  return stoppedIn(head)?.reason;
}

function stoppedIn({ kind, metadata, spec }: Head): Memory["stopped"] {
  const text = metadata?.annotations?.[ANNOTATIONS.supervision];
  const hasNone = (kind === "Deployment" || kind === "StatefulSet") && spec?.replicas === 0;
  if (text === undefined || !hasNone) return undefined;
  try {
    return parseRecord(text, 0).stopped;
  } catch {
    return undefined; // it begins anew
  }
}

/** What tells whether a record has to be written: all of it but the ages. */
export function contentOf({ terminating: _, pods, ...rest }: Memory): string {
  return JSON.stringify({ ...rest, pods: [...pods] });
}
