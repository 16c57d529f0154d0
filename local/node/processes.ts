/**
 * Looking at and signalling this machine's processes.
 *
 * On Linux they are read from /proc. Deno lets only a program with all permissions do that; for
 * one with fewer, the usual tools do it, which costs some milliseconds a look.
 */

/** Environment variable that every process of a container inherits: `<node folder>|<life>|<container>|`. */
export const MARKER = "TROUPE_CONTAINER_MARK";

/** When a process started, in units that only compare with themselves; undefined if it is gone. */
export function processStartTime(pid: number): string | undefined {
  if (Deno.build.os !== "linux") {
    return output("ps", ["-o", "lstart=", "-p", String(pid)])?.trim() || undefined;
  }
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The command name, in parentheses, may hold spaces: fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Field 3 is the state: a zombie runs no more. Field 22 is the start time.
  return fields[0] === "Z" ? undefined : fields[19];
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
  let names: string[];
  try {
    names = Array.from(Deno.readDirSync("/proc"), ({ name }) => name);
    Deno.readTextFileSync("/proc/self/stat");
  } catch {
    return findByGrep(needle);
  }
  const found: number[] = [];
  for (const pid of names.map(Number)) {
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

function readProc(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? output("cat", [path]) : undefined;
  }
}

function findByGrep(needle: string): number[] {
  const script = 'grep -lsF -- "$1" /proc/[0-9]*/environ; true';
  const files = output("/bin/sh", ["-c", script, "sh", needle]) ?? "";
  return files.split("\n").map((file) => Number(file.split("/")[2]))
    .filter((pid) => pid > 0 && pid !== Deno.pid);
}

/** What a program prints; undefined when it fails or is not there. */
function output(program: string, args: string[]): string | undefined {
  try {
    const { success, stdout } = new Deno.Command(program, { args, stderr: "null" }).outputSync();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}
