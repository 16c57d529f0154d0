/**
 * `deno task demo`: the greeter on the embedded cluster. Three workers are launched as local
 * processes on three nodes, each is greeted when it runs, and everything is taken down again.
 * With `--keep` the cluster stays for a look with kubectl, until Ctrl-C.
 */
import { parseArgs } from "@std/cli/parse-args";
import { Coordinator, type DeploymentEvent, type PodEvent } from "../coordinator/mod.ts";
import { denoImage, LocalCluster } from "../local/mod.ts";

const WORKERS = 3;
const PORT = 8086;

/** How long the greetings may take, in milliseconds, before the demo has failed. */
const TIMEOUT = 60_000;

const HELP = `Run the greeter with ${WORKERS} workers on an embedded cluster, in this process.

Usage: deno task demo [--keep]

  --keep       leave it running for a look with kubectl, until Ctrl-C
  -h, --help   print this text`;

const colored = Deno.stdout.isTerminal() && !Deno.noColor;

function style(text: string, code: number): string {
  return colored ? `\x1b[${code}m${text}\x1b[0m` : text;
}
const bold = (text: string) => style(text, 1);
const dim = (text: string) => style(text, 2);
const green = (text: string) => style(text, 32);
const yellow = (text: string) => style(text, 33);
const cyan = (text: string) => style(text, 36);

function say(subject: string, text: string): void {
  const time = new Date().toISOString().slice(11, 23);
  console.log(`${dim(time)}  ${subject.padEnd(11)}${text}`);
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(2)} s`;
}

function describePod(e: PodEvent): string {
  if (e.type === "deleted") return `${e.name} ${dim("is gone")}`;
  const state = e.running ? green("running") : yellow(e.reason ?? e.phase.toLowerCase());
  const place = [e.node && `on ${e.node}`, e.podIP && `at ${e.podIP}`].filter(Boolean).join(" ");
  return `${e.name} ${state} ${dim(place)}`;
}

function describeDeployment(e: DeploymentEvent): string {
  if (e.type === "deleted") return `${e.name} ${dim("is gone")}`;
  const count = `${e.readyReplicas} of ${e.replicas} ready`;
  return `${e.name} ${e.ready ? green(count) : yellow(count)}`;
}

/** Greets a worker and returns its answer. */
async function greet(e: PodEvent): Promise<string> {
  const response = await fetch(`http://${e.podIP}:${e.port}/`);
  return (await response.text()).trim();
}

async function demo(keep: boolean): Promise<void> {
  const started = performance.now();
  console.log(bold("troupe demo: the greeter on an embedded cluster\n"));

  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  Deno.addSignalListener("SIGINT", interrupt);
  Deno.addSignalListener("SIGTERM", interrupt);
  try {
    await using cluster = await LocalCluster.start({
      nodes: WORKERS,
      images: { "worker:latest": denoImage(new URL("../worker/main.ts", import.meta.url)) },
    });
    say("cluster", `${cluster.url}, ${WORKERS} nodes, ready in ${seconds(started)}`);

    await using coordinator = await Coordinator.create({
      name: "greeter-supervisor",
      kubeconfig: cluster.kubeconfig,
    });
    const greeted = new Set<string>();
    const allGreeted = Promise.withResolvers<void>();
    coordinator.onDeploymentEvent((e) => say("deployment", describeDeployment(e)));
    coordinator.onPodEvent(async (e) => {
      say("pod", describePod(e));
      if (!e.running || greeted.has(e.name)) return;
      say("greeting", `${e.name} says ${cyan(await greet(e))}`);
      greeted.add(e.name);
      if (greeted.size === WORKERS) allGreeted.resolve();
    });
    const workers = await coordinator.run({
      name: "worker",
      image: "worker:latest",
      imagePullPolicy: "Never",
      replicas: WORKERS,
      port: PORT,
    });
    say("launched", `${WORKERS} × ${bold("worker:latest")} on port ${PORT}`);
    const stopped = coordinator.start({ signal: interrupted.signal });

    await withTimeout(Promise.race([allGreeted.promise, stopped]));
    if (interrupted.signal.aborted) return;
    await workers.ready({ timeout: TIMEOUT });
    console.log(`\n${greeted.size} greetings from ${greeted.size} workers in ${seconds(started)}`);
    if (keep) {
      console.log(`
Have a look, in another terminal:
  export KUBECONFIG=${cluster.kubeconfig}
  kubectl get pods -o wide
  kubectl delete pods --all             # others take their place
  kubectl scale deployment worker --replicas 5   # is set back: the coordinator says 3
  kubectl logs -f deployment/worker
Ctrl-C ends it.\n`);
      await stopped;
    } else {
      await workers.delete();
    }
    await coordinator.stop();
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    Deno.removeSignalListener("SIGTERM", interrupt);
  }
  console.log(dim(`stopped: no process and no file is left, ${seconds(started)} in all`));
}

async function withTimeout(work: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Cannot greet ${WORKERS} workers: not within ${TIMEOUT / 1000} s`)),
    TIMEOUT,
  );
  try {
    await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

if (import.meta.main) {
  const unknown: string[] = [];
  const args = Deno.args.filter((arg) => arg !== "--"); // which task runners hand on
  const flags = parseArgs(args, {
    boolean: ["keep", "help"],
    alias: { h: "help" },
    unknown: (arg) => {
      unknown.push(arg);
    },
  });
  if (unknown[0] !== undefined) {
    console.error(`demo: Cannot read argument "${unknown[0]}": allowed are --keep, --help`);
    Deno.exit(2);
  }
  if (flags.help) console.log(HELP);
  else await demo(flags.keep);
}
