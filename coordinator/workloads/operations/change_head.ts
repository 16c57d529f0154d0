import type { MergePatch } from "../../../kube/mod.ts";
import { anySignal } from "../../../runtime/mod.ts";
import type { Head } from "../../heads.ts";
import type { Mandate } from "../../leadership/mandate.ts";
import { waitFor } from "../../wait.ts";
import type { Decision } from "../fenced_writer.ts";
import type { Applied } from "../workload_context.ts";
import { type Kept, kept } from "./kept.ts";
import { isSame, type Scope, type WaitForWorkloadOptions } from "./scope.ts";

/** A change of a head. */
export interface HeadChange {
  /** The operation's verb, for messages. */
  readonly verb: string;
  /** Reads what `decide` needs, when it is this workload's turn. */
  readonly before?: (seen: Head, signal: AbortSignal) => Promise<void>;
  /** What to do about the head as it is; may be asked again. */
  readonly decide: (live: Head) => Decision<Head>;
  /** What of the head is from now on as it should be; all else may be drift. @default nothing */
  readonly sets?: Partial<Kept>;
}

/**
 * Changes the head when it is this workload's turn; resolves when that is stored. When a signal
 * aborts or the time is over while the write is under way, it may have been stored.
 *
 * @throws {NotLeadingError} when another coordinator leads
 * @throws {Error} when the workload was deleted
 * @throws what `decide` and `before` throw
 */
export async function changeHead(
  scope: Scope,
  change: HeadChange,
  options: WaitForWorkloadOptions = {},
): Promise<void> {
  await scope.within(
    "not changed",
    options,
    (signal) => scope.context.writes.add(scope.key, signal, () => write(scope, change, signal)),
  );
}

async function write(scope: Scope, change: HeadChange, signal: AbortSignal): Promise<void> {
  const { verb, before, decide, sets = {} } = change;
  const { tenure, writer } = scope.context;
  const mandate = tenure.require(`${verb} "${scope.name}"`);
  const last = scope.applied;
  const gone = () => new Error(`Cannot ${verb} "${scope.name}": it was deleted`);
  if (last?.deleted) throw gone();
  await waitFor(scope.reflectors(), signal, () => true);
  const seen = last?.head ?? scope.find();
  if (seen === undefined) throw gone();
  await before?.(seen, anySignal([mandate.signal, signal]));
  const stored = await writer.write(scope.targetOf(seen.kind), mandate, (live) => {
    if (live === undefined || !isSame(live, seen)) throw gone();
    return decide(live);
  }, { signal, seen });
  if (stored !== undefined) noteStored(last, stored, sets);
}

/**
 * Changes the head for supervision, when it is this workload's turn; resolves with what is stored, or
 * with nothing if there is no head.
 */
export async function amendHead(
  scope: Scope,
  mandate: Mandate,
  decide: (live: Head) => MergePatch,
): Promise<Head | undefined> {
  const { life, writer, writes } = scope.context;
  return await writes.add(scope.key, life, async () => {
    const last = scope.applied;
    const seen = last?.head ?? scope.find();
    if (seen === undefined || last?.deleted) return undefined;
    let count = false;
    const stored = await writer.write(scope.targetOf(seen.kind), mandate, (live) => {
      if (live === undefined || !isSame(live, seen)) return undefined;
      const patch = decide(live);
      count = (patch.spec as MergePatch | undefined)?.replicas !== undefined;
      return { verb: "merge", patch };
    }, { signal: life, seen });
    if (stored === undefined || !isSame(stored, seen)) return undefined;
    noteStored(last, stored, { count });
    return stored;
  });
}

/** What was set is from now on what should be; what somebody else has set meanwhile is not. */
function noteStored(last: Applied | undefined, stored: Head, sets: Partial<Kept>): void {
  if (last === undefined) return;
  last.head = stored;
  last.generation = stored.metadata?.generation ?? 0;
  const head = kept(last.definition.head, stored, { count: false, template: false, ...sets });
  last.definition = { ...last.definition, head };
}
