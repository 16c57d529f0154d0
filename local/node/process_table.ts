/**
 * Which operating system processes belong to this agent, so that none outlives it.
 *
 * Each container's main process leads a session and process group of its own, so one signal
 * reaches the group. Whoever leaves the group still carries the mark of `processes.ts` in its
 * environment, by which it is found under /proc (Linux; elsewhere only the group is reached).
 * A file for each main process, named after its pid and holding its start time, tells the next
 * agent in the same folder, and the watchdog, what to end: a pid alone could be another's by then.
 */
import { killMarked, processStartTime, signalGroup } from "./processes.ts";

/** Folders whose agent lives in this very process. */
const inUse = new Set<string>();

/** The pid files of one agent's life, below the folder of its node. */
export class ProcessTable {
  /** Folder of this life's pid files. */
  readonly dir: string;
  /** Folder of the node, as its processes' marks name it. */
  readonly node: string;
  #life: string;

  /**
   * Claims a node's folder, after ending what a dead agent left there.
   *
   * Throws when a living agent holds it.
   */
  constructor(node: string) {
    Deno.mkdirSync(`${node}/processes`, { recursive: true });
    this.node = Deno.realPathSync(node);
    if (inUse.has(this.node)) {
      throw new Error(`Cannot use folder "${node}": a node agent of this process uses it`);
    }
    reapStale(this.node);
    this.#life = `${Deno.pid}-${processStartTime(Deno.pid) ?? ""}`.replaceAll(" ", "_");
    this.dir = `${this.node}/processes/${this.#life}`;
    Deno.mkdirSync(this.dir, { recursive: true });
    inUse.add(this.node);
  }

  /** The mark of one container's processes; without a container, how those of this life begin. */
  mark(container?: string): string {
    return `${this.node}|${this.#life}|${container === undefined ? "" : `${container}|`}`;
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
    removeQuietly(`${this.node}/processes`);
    inUse.delete(this.node);
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
