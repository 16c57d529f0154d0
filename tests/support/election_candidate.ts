/**
 * A process that stands for election until SIGTERM, and prints a line for each thing that happens:
 * `leading`, `following <who>`. `--kind client-go` makes it an elector of client-go's way.
 */
import { loadClusterConfig, Transport } from "../../kube/mod.ts";
import { Election } from "../../primitives/mod.ts";
import { runElector } from "./client_go_elector.ts";
import { parseArgs } from "@std/cli/parse-args";

const { kubeconfig, name, identity, kind } = parseArgs(Deno.args, {
  string: ["kubeconfig", "name", "identity", "kind"],
}) as Record<string, string>;

const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());

const encoder = new TextEncoder();
function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`)); // at once, also when the process is killed then
}

await using client = new Transport(await loadClusterConfig({ kubeconfig }));
const lease = { namespace: "default", name: name!, identity: identity! };
if (kind === "client-go") {
  await runElector(client, {
    ...lease,
    signal: stop.signal,
    callbacks: { onLeading: () => say("leading"), onFollowing: (who) => say(`following ${who}`) },
  });
} else {
  await using election = new Election(client, lease);
  election.onEvent((event) => {
    if (event.type === "leading") say("leading");
    if (event.type === "following" && event.leader) say(`following ${event.leader}`);
  });
  election.start();
  await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  await election.close();
}
Deno.exit(0); // the signal's listener would keep it alive
