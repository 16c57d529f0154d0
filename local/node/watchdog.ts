/**
 * Ends an agent's processes when the agent itself dies without a chance to (kill -9, a crash).
 *
 * One small shell per agent reads from a pipe that only the agent holds. The pipe ends with the
 * agent, however that dies; the shell then ends every process group that the agent's pid files
 * name: SIGTERM, one second, SIGKILL. After an orderly close there are no pid files, and it just
 * ends. It leads its own session, so Ctrl-C in a terminal reaches the agent only.
 */

/** The list is taken before anything is killed: pids noted later are another life's. */
const SCRIPT = `
trap '' INT TERM HUP
cat >/dev/null
cd "$1" 2>/dev/null || exit 0
set -- *
for pid; do [ -e "$pid" ] && kill -s TERM -- "-$pid" 2>/dev/null; done
[ -e "$1" ] && sleep 1
for pid; do [ -e "$pid" ] && kill -s KILL -- "-$pid" 2>/dev/null; done
`;

/** A running watchdog. */
export class Watchdog {
  #child: Deno.ChildProcess;

  /** Starts watching over the pid files in `dir`. */
  constructor(dir: string) {
    this.#child = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "troupe-watchdog", dir],
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
      stdin: "piped",
      stdout: "null",
      stderr: "null",
      detached: true,
    }).spawn();
  }

  /** Dismisses it; whatever pid files still name is ended first. */
  async close(): Promise<void> {
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
  }
}
