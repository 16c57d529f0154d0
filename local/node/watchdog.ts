/**
 * Ends an agent's processes when the agent itself dies without a chance to (kill -9, a crash).
 *
 * One small shell per agent reads from a pipe that only the agent holds. The pipe ends with the
 * agent, however that dies; the shell then ends every process group that the agent's pid files
 * name: SIGTERM, one second, SIGKILL. What left its group is found by its mark, where there is a
 * /proc, also when someone removed the folder. After an orderly close there are no pid files, and
 * it just ends. It leads its own session, so Ctrl-C in a terminal reaches the agent only.
 */

/**
 * The list is taken before anything is killed, and only while its file is there: pids noted later
 * are another life's, and the next agent in the same folder removes the files of what it ended.
 */
const SCRIPT = `
trap '' INT TERM HUP
cat >/dev/null
mark=$2
if cd "$1" 2>/dev/null; then
  set -- *
  [ -e "$1" ] || exit 0
  for pid; do kill -s TERM -- "-$pid"; done
  sleep 1
  for pid; do [ -e "$pid" ] && kill -s KILL -- "-$pid"; done
fi
for look in 1 2 3 4 5; do
  found=$(grep -lsF -- "$mark" /proc/[0-9]*/environ)
  [ "$found" ] || exit 0
  for file in $found; do pid=\${file#/proc/}; kill -s KILL "\${pid%/environ}"; done
done
`;

/** A running watchdog. */
export class Watchdog {
  #child: Deno.ChildProcess;

  /** Starts watching over the pid files in `dir` and the processes whose environment has `mark`. */
  constructor(dir: string, mark: string) {
    this.#child = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "troupe-watchdog", dir, mark],
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
