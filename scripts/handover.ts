/**
 * `deno task handover`: measures how long it takes from a signal to the leading process until the
 * next one says that it leads, on the cluster of KUBECONFIG or else on an embedded API server. Three
 * processes stand for election; the one that leads is signalled at a random moment, and another one
 * started in its place. Beside ours, an elector of client-go's way with its default settings.
 */
import { parseArgs } from "@std/cli/parse-args";
import { ApiServer } from "../local/apiserver/mod.ts";

const CANDIDATES = 3;
/** A renewal's interval of both electors: the signal comes anywhere in it. */
const INTERVAL_MS = 2_000;
const PROGRAM = new URL("../tests/support/election_candidate.ts", import.meta.url).pathname;

const HELP =
  `Measure how fast an election hands over, on KUBECONFIG's cluster or an embedded API server.

Usage: deno task handover [flags]

  --runs N        handovers by SIGTERM of both, and by SIGKILL of ours (default: 50)
  --peer-kills N  handovers by SIGKILL of the client-go way, some 17 s each (default: 5)
  -h, --help      print this text`;

type Kind = "troupe" | "client-go";

/** One process that stands for election, and what it printed. */
class Candidate {
  readonly identity: string;
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  readonly #waiting = new Set<() => void>();
  /** Whom it follows, or itself. */
  leader: string | undefined;

  constructor(options: { kind: Kind; identity: string; name: string; kubeconfig: string }) {
    const { kind, identity, name, kubeconfig } = options;
    this.identity = identity;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-check", "-A", PROGRAM, "--kind", kind],
        ...["--identity", identity, "--name", name, "--kubeconfig", kubeconfig],
      ],
      stdout: "piped",
    }).spawn();
    this.#read = this.#listen();
  }

  async #listen(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        this.leader = line === "leading" ? this.identity : line.slice("following ".length);
        for (const look of [...this.#waiting]) look();
      }
    }
  }

  /** Resolves when whom it follows is right. */
  async follows(fits: (leader: string | undefined) => boolean): Promise<this> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => {
      if (fits(this.leader)) resolve();
    };
    this.#waiting.add(look);
    look();
    await promise;
    this.#waiting.delete(look);
    return this;
  }

  async end(signal: Deno.Signal): Promise<void> {
    this.#child.kill(signal);
    await this.#child.status;
    await this.#read;
  }
}

async function measure(
  kubeconfig: string,
  options: { kind: Kind; signal: Deno.Signal; runs: number },
): Promise<number[]> {
  const { kind, signal, runs } = options;
  const name = `handover-${kind}-${crypto.randomUUID().slice(0, 8)}`;
  let started = 0;
  const start = () => new Candidate({ kind, identity: `c${++started}`, name, kubeconfig });
  let candidates = Array.from({ length: CANDIDATES }, start);
  const times: number[] = [];
  while (times.length < runs) {
    const leader = await Promise.race(
      candidates.map((it) => it.follows((who) => who === it.identity)),
    );
    await Promise.all(candidates.map((it) => it.follows((who) => who === leader.identity)));
    await new Promise((resolve) => setTimeout(resolve, Math.random() * INTERVAL_MS));
    const others = candidates.filter((it) => it !== leader);
    const next = Promise.race(others.map((it) => it.follows((who) => who === it.identity)));
    const begin = performance.now();
    const ended = leader.end(signal);
    await next;
    times.push(performance.now() - begin);
    await ended;
    candidates = [...others, start()];
  }
  await Promise.all(candidates.map((it) => it.end("SIGKILL")));
  return times.sort((a, b) => a - b);
}

async function embedded(stack: AsyncDisposableStack): Promise<string> {
  const server = stack.use(await ApiServer.start());
  const kubeconfig = await Deno.makeTempFile({ prefix: "handover-" });
  stack.defer(() => Deno.remove(kubeconfig));
  await Deno.writeTextFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      clusters: [{ name: "c", cluster: { server: server.url } }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    }),
  );
  return kubeconfig;
}

if (import.meta.main) {
  const flags = parseArgs(Deno.args, { string: ["runs", "peer-kills"], boolean: ["help"] });
  if (flags.help || Deno.args.includes("-h")) {
    console.log(HELP);
    Deno.exit(0);
  }
  const runs = Number(flags.runs ?? 50);
  const peerKills = Number(flags["peer-kills"] ?? 5);
  await using stack = new AsyncDisposableStack();
  const given = Deno.env.get("KUBECONFIG");
  const kubeconfig = given ?? await embedded(stack);
  console.log(given ? `on the cluster of ${given}` : "on an embedded API server");
  console.log("| elector | signal | runs | median | worst |\n| --- | --- | ---: | ---: | ---: |");
  const parts = [
    { kind: "troupe", signal: "SIGTERM", runs },
    { kind: "client-go", signal: "SIGTERM", runs },
    { kind: "client-go", signal: "SIGKILL", runs: peerKills },
    { kind: "troupe", signal: "SIGKILL", runs },
  ] as const;
  for (const part of parts) {
    if (!(part.runs > 0)) continue;
    const times = await measure(kubeconfig, part);
    const ms = (at: number) => `${Math.round(times[at]!).toLocaleString("en-US")} ms`;
    const [median, worst] = [ms(Math.floor(times.length / 2)), ms(times.length - 1)];
    console.log(`| ${part.kind} | ${part.signal} | ${part.runs} | ${median} | ${worst} |`);
  }
}
