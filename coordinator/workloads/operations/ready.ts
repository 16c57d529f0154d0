import { anySignal } from "../../../runtime/mod.ts";
import { stoppedReason } from "../../supervision/mod.ts";
/**
 * Waits for the end of a rollout, and gives up when there will be none.
 *
 * Flow: at each change of the head or a pod, look whether all is ready, tell the progress, and look for
 * trouble. Trouble that lasts as long as it must, from when it was first seen, ends the waiting.
 *
 * @module
 */
import { headState } from "../../events/head_state.ts";
import type { Head } from "../../heads.ts";
import { waitFor } from "../../wait.ts";
import { isSeed } from "../seed.ts";
import type { Applied } from "../workload_context.ts";
import { Doubt } from "./doubt.ts";
import { lastWords } from "./last_words.ts";
import { isHeldUp } from "./paused.ts";
import { refusalOf } from "./refusal.ts";
import { RolloutError } from "./rollout_error.ts";
import { type ProgressOptions, ProgressReporter } from "./rollout_progress.ts";
import type { Scope, WaitForWorkloadOptions } from "./scope.ts";
import { isStopped } from "./stop.ts";
import { findTrouble, refusal, type Trouble } from "./trouble.ts";

/** A line of the stack under an error, or an empty one: what stands above it says more. */
const STACK_FRAME = /^\s*(at .*)?$/;

/** Options of `Workload.ready` and `Workload.update`. */
export interface ReadyOptions extends WaitForWorkloadOptions, ProgressOptions {
  /**
   * Milliseconds for which to go on waiting though something is wrong that will hardly pass by itself.
   * `Infinity` waits for the timeout alone; that a Job has failed ends the waiting anyway.
   * @default 0 for crash loops, missed deadlines and pauses; 3_000 for images that cannot be had;
   * 10_000 for what others may mend: no room on any node, a missing Secret, a quota
   */
  patience?: number;
}

/** See `Workload.ready`. */
export async function waitUntilReady(scope: Scope, options: ReadyOptions = {}): Promise<void> {
  const { patience } = options;
  if (patience !== undefined && !(patience >= 0)) {
    throw new TypeError(
      `Cannot wait for "${scope.name}": "patience" given ${patience}, allowed is a number of ` +
        "milliseconds, 0 or more",
    );
  }
  const progress = new ProgressReporter(options);
  await scope.within("not ready", options, async (signal) => {
    while (true) {
      const trouble = await endOrTrouble(scope, { signal, patience, progress });
      if (trouble === undefined) return;
      if (!trouble.guessed) throw await errorOf(scope, trouble, signal);
      const message = await refusalOf(scope, signal);
      if (message !== undefined) throw await errorOf(scope, refusal(message), signal);
    }
  });
}

interface Waiting {
  readonly signal: AbortSignal;
  readonly patience: number | undefined;
  readonly progress: ProgressReporter;
}

/** Resolves when all is ready, or with the trouble that has lasted too long. */
async function endOrTrouble(scope: Scope, waiting: Waiting): Promise<Trouble | undefined> {
  const { progress, patience } = waiting;
  using doubt = new Doubt(patience);
  let seen: string | undefined;
  const signal = anySignal([waiting.signal, doubt.signal]);
  try {
    await waitFor(scope.reflectors(), signal, () => {
      const found = scope.find();
      const { applied } = scope;
      if (isGone(found, { seen, applied })) {
        throw new Error(`Cannot wait for "${scope.name}": it was deleted`);
      }
      if (found === undefined || isSeed(found)) return undefined;
      seen = found.metadata?.uid ?? undefined;
      if (applied !== undefined && seen !== applied.head.metadata?.uid) return undefined;
      if ((found.metadata?.generation ?? 0) < (applied?.generation ?? 0)) return undefined;
      const stopped = stoppedReason(found);
      if (stopped !== undefined) throw stoppedError(scope.name, stopped);
      progress.rollout(found, () => scope.explain());
      if (isRolledOut(found)) return true;
      doubt.see(findTrouble(found, scope.pods()));
      return undefined;
    });
    return undefined;
  } catch (error) {
    if (doubt.given === undefined || waiting.signal.aborted) throw error;
    return doubt.given;
  }
}

/** Whether all that was last applied runs, or, of what has an end, has come to it. */
function isRolledOut(head: Head): boolean {
  const state = headState(head);
  if (state.kind === "Job") return state.complete || isStopped(head) && state.ready;
  return state.ready && !isHeldUp(head);
}

/** Whether what was waited for will not come back. */
function isGone(
  found: Head | undefined,
  { seen, applied }: { seen: string | undefined; applied: Applied | undefined },
): boolean {
  if (applied?.deleted) return true;
  if (found === undefined) return seen !== undefined;
  const expected = applied?.head.metadata?.uid ?? seen ?? found.metadata?.uid;
  return found.metadata?.uid === expected && found.metadata?.deletionTimestamp != null;
}

/** No worker is wanted, so all are ready: but that is not what was waited for. */
function stoppedError(workload: string, why: string): RolloutError {
  return new RolloutError(`supervision has stopped it: ${why}`, { workload, reason: "Stopped" });
}

async function errorOf(scope: Scope, trouble: Trouble, signal: AbortSignal): Promise<RolloutError> {
  const { reason, why, pods } = trouble;
  const [first] = pods;
  const log = first?.exitCode === undefined ? [] : await lastWords(scope, first, signal);
  const telling = log.findLast((line) => !STACK_FRAME.test(line)) ?? log.at(-1);
  const said = telling === undefined ? "" : `, and its log ends with ${JSON.stringify(telling)}`;
  return new RolloutError(why + said, {
    workload: scope.name,
    reason,
    pods: pods.map(({ name }) => name),
    log,
  });
}
