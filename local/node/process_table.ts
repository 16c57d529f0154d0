/**
 * Which operating system processes belong to this agent, so that none outlives it.
 *
 * Each container's main process leads a session and process group of its own, so one signal
 * reaches the group. Whoever leaves the group still carries {@linkcode MARKER} in its
 * environment, by which it is found under /proc (Linux; elsewhere only the group is reached).
 * A file for each main process, named after its pid and holding its start time, tells the next
 * agent in the same folder, and the watchdog, what to end: a pid alone could be another's by then.
 */

/** Environment variable that every process of a container inherits: `<node folder>|<container>`. */
export const MARKER = "TROUPE_CONTAINER_MARK";

/** When a process started, in units that only compare with themselves; undefined if it is gone. */
export function processStartTime(pid: number): string | undefined {
  if (Deno.build.os === "linux") {
    try {
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      // The command name, in parentheses, may hold spaces: fields are counted after it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      // Field 3 is the state: a zombie runs no more. Field 22 is the start time.
      return fields[0] === "Z" ? undefined : fields[19];
    } catch {
      return undefined;
    }
  }
  try {
    const { success, stdout } = new Deno.Command("ps", {
      args: ["-o", "lstart=", "-p", String(pid)],
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() || undefined : undefined;
  } catch {
    return undefined;
  }
}

/** Signals a process group; false when there is none of that id. */
export function signalGroup(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Pids of the processes whose environment carries a mark that starts with `mark`. */
export function findMarked(mark: string): number[] {
  if (Deno.build.os !== "linux") return [];
  const needle = `${MARKER}=${mark}`;
  const found: number[] = [];
  for (const entry of Deno.readDirSync("/proc")) {
    const pid = Number(entry.name);
    if (!Number.isInteger(pid) || pid === Deno.pid) continue;
    try {
      const environment = new TextDecoder().decode(Deno.readFileSync(`/proc/${pid}/environ`));
      if (environment.split("\0").some((line) => line.startsWith(needle))) found.push(pid);
    } catch {
      // Gone meanwhile, or another user's.
    }
  }
  return found;
}

/** Kills every process that carries the mark, until a look finds none. */
export function killMarked(mark: string): number {
  let killed = 0;
  // A process that forks while it is looked for is found by the next look.
  for (let look = 0; look < 10; look++) {
    const pids = findMarked(mark);
    if (pids.length === 0) break;
    for (const pid of pids) {
      try {
        Deno.kill(pid, "SIGKILL");
        killed++;
      } catch {
        // Gone meanwhile.
      }
    }
  }
  return killed;
}

/** Folders whose agent lives in this very process. */
const inUse = new Set<string>();

/** The pid files of one agent's life, below the folder of its node. */
export class ProcessTable {
  /** Folder of this life's pid files. */
  readonly dir: string;
  #node: string;

  /**
   * Claims a node's folder, after ending what a dead agent left there.
   *
   * Throws when a living agent holds it.
   */
  constructor(node: string) {
    Deno.mkdirSync(`${node}/processes`, { recursive: true });
    this.#node = Deno.realPathSync(node);
    if (inUse.has(this.#node)) {
      throw new Error(`Cannot use folder "${node}": a node agent of this process uses it`);
    }
    reapStale(this.#node);
    this.dir = `${this.#node}/processes/${Deno.pid}-${processStartTime(Deno.pid) ?? ""}`
      .replaceAll(" ", "_");
    Deno.mkdirSync(this.dir, { recursive: true });
    inUse.add(this.#node);
  }

  /** The mark of one container's processes. */
  mark(container: string): string {
    return `${this.#node}|${container}|`;
  }

  /** Notes a main process that was just spawned. */
  add(pid: number): void {
    Deno.writeTextFileSync(`${this.dir}/${pid}`, processStartTime(pid) ?? "");
  }

  /** Forgets a main process that ended. */
  remove(pid: number): void {
    removeQuietly(`${this.dir}/${pid}`);
  }

  /** Gives the folder back; nothing of it may run any more. */
  close(): void {
    removeQuietly(this.dir);
    removeQuietly(`${this.#node}/processes`);
    inUse.delete(this.#node);
  }
}

/** Ends the processes of agents that died without ending them. */
function reapStale(node: string): void {
  for (const life of Deno.readDirSync(`${node}/processes`)) {
    const [pid, ...start] = life.name.split("-");
    const startTime = processStartTime(Number(pid))?.replaceAll(" ", "_");
    if (Number(pid) !== Deno.pid && startTime !== undefined && startTime === start.join("-")) {
      throw new Error(`Cannot use folder "${node}": the node agent with pid ${pid} uses it`);
    }
    const dir = `${node}/processes/${life.name}`;
    for (const file of Deno.readDirSync(dir)) {
      const main = Number(file.name);
      if (processStartTime(main) === Deno.readTextFileSync(`${dir}/${file.name}`)) {
        signalGroup(main, "SIGKILL");
      }
    }
    Deno.removeSync(dir, { recursive: true });
  }
  killMarked(`${node}|`);
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // Not there, or not empty: of no consequence.
  }
}
