/** What workers have done, as each of their processes wrote it down, and whether faults explain it. */

/** A process of a worker. */
export interface ToilProcess {
  readonly pod: string;
  readonly pid: number;
}

/** One time that a worker has begun a task. */
export interface Execution extends ToilProcess {
  readonly index: number;
  /** Milliseconds since 1970, as all times here. */
  readonly began: number;
  /** Absent if the worker did not come to it. */
  readonly ended?: number;
}

/** Something that befell a worker. */
export interface Strike {
  readonly kind: "kill" | "pause" | "cut" | "stall" | "halfClose";
  /** Whom; all of them if there is none. */
  readonly pod?: string;
  /** Which process of it; each one if there is none. */
  readonly pid?: number;
  readonly from: number;
  readonly to: number;
}

/** Another one leads, and what was noted then: it is not to be done again. */
export interface Takeover {
  readonly at: number;
  readonly isNoted: (index: number) => boolean;
}

/** For how long what was said may be on its way, on a busy machine: an outcome, or that another one leads. */
const ON_ITS_WAY = 2_000;

/** Within which a worker begins what had come before it was struck, likewise. */
const BACKLOG = 5_000;

/** Causes, the likeliest first: a worker that was given up for one of them may have been struck by the next too. */
const LIKELY = ["kill", "takeover", "pause", "stall", "halfClose", "cut"];

/** The processes that have left a file, those that are over too. */
export function toilProcesses(dir: string): ToilProcess[] {
  return [...Deno.readDirSync(dir)].map(({ name }) => {
    const [pod, pid] = name.split(".") as [string, string];
    return { pod, pid: Number(pid) };
  }).sort((a, b) => a.pod < b.pod ? -1 : a.pod > b.pod ? 1 : a.pid - b.pid);
}

/** The process of that number, if it is still the one that has the file. */
export function isAlive(dir: string, { pid }: ToilProcess): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/environ`).includes(`TOIL_DIR=${dir}`);
  } catch {
    return false; // it is gone
  }
}

/** All that was begun, in the order of the beginnings. */
export function readExecutions(dir: string): Execution[] {
  const executions = toilProcesses(dir).flatMap(({ pod, pid }) => {
    const open = new Map<number, Execution>();
    const all: Execution[] = [];
    const text = Deno.readTextFileSync(`${dir}/${pod}.${pid}`);
    for (const line of text.split("\n")) {
      const [what, index, at] = line.split(" ") as [string, string, string];
      const begun = open.get(Number(index));
      if (what === "end" && begun !== undefined) {
        all[all.indexOf(begun)] = { ...begun, ended: Number(at) };
      } else if (what === "begin") {
        const execution = { pod, pid, index: Number(index), began: Number(at) };
        open.set(execution.index, execution);
        all.push(execution);
      }
    }
    return all;
  });
  return executions.sort((a, b) => a.began - b.began);
}

/** What befell the worker while it was at that, or when its outcome was on its way. */
export function strikeOf(
  { pod, pid, began, ended = Infinity }: Omit<Execution, "index" | "pid"> & { pid?: number },
  strikes: readonly Strike[],
): Strike | undefined {
  return strikes.find((strike) =>
    (strike.pod === undefined || strike.pod === pod) &&
    (strike.pid === undefined || pid === undefined || strike.pid === pid) &&
    strike.from <= ended + ON_ITS_WAY && strike.to + (strike.kind === "kill" ? 0 : BACKLOG) >= began
  );
}

/** How often tasks were begun beyond once, by what has caused it; and what nothing has caused. */
export function explainRepeats(
  executions: readonly Execution[],
  { strikes, takeovers = [] }: { strikes: readonly Strike[]; takeovers?: readonly Takeover[] },
): { repeats: number; causes: Record<string, number>; unexplained: string[] } {
  const causes: Record<string, number> = {};
  const unexplained: string[] = [];
  let repeats = 0;
  for (const [index, times] of byIndex(executions)) {
    if (times.length === 1) continue;
    repeats += times.length - 1;
    const found: string[] = times.flatMap((each) => strikeOf(each, strikes)?.kind ?? []);
    const [first, last] = [times[0]!.began, times.at(-1)!.began];
    for (const { at, isNoted } of takeovers) {
      if (!isNoted(index) && first <= at + ON_ITS_WAY && last >= at) found.push("takeover");
    }
    found.sort((a, b) => LIKELY.indexOf(a) - LIKELY.indexOf(b));
    for (const cause of found.slice(0, times.length - 1)) {
      causes[cause] = (causes[cause] ?? 0) + 1;
    }
    if (found.length < times.length - 1) {
      unexplained.push(`${index}: ${JSON.stringify(times)}, of which ${found.length} had a cause`);
    }
  }
  return { repeats, causes, unexplained };
}

function byIndex(executions: readonly Execution[]): Map<number, Execution[]> {
  const known = new Map<number, Execution[]>();
  for (const execution of executions) {
    const times = known.get(execution.index);
    if (times === undefined) known.set(execution.index, [execution]);
    else times.push(execution);
  }
  return known;
}
