import { z } from "zod";
import { Primitives } from "../../../primitives/mod.ts";
import {
  checkLinearizable,
  counterModel,
  fencedRegisterModel,
  type History,
  HistoryRecorder,
  type Linearizability,
  lockModel,
  type Model,
  type Operation,
  readHistory,
  type RegisterInput,
  registerModel,
  type RegisterOutput,
  sequenceModel,
} from "../../../testing/mod.ts";
import { ask, type HistoryClientConfig, type HistoryName } from "./history_client.ts";
import { HistoryClients } from "./history_clients.ts";
import { type HistoryCluster, startHistoryCluster } from "./history_cluster.ts";
import { HistoryFaults } from "./history_faults.ts";
import { machineNow } from "./machine_now.ts";

/** Short, so that holds are lost often. */
const LEASE = 3_000;

const CLIENTS = 4;

/** Milliseconds that the check of one history may take. */
const CHECK_TIME = 120_000;

/** How a history is made. */
export interface HistorySceneOptions {
  seed: number;
  /** Milliseconds of faults. */
  duration: number;
  lock: HistoryClientConfig["lock"];
  /** Whether the network and the servers fail too. */
  all: boolean;
}

/** What came of it. */
export interface HistoryOutcome {
  /** What the check of each history says. */
  verdicts: Partial<Record<HistoryName, Linearizability>>;
  /** How many operations there are, and of how many the outcome is unknown. */
  operations: Partial<Record<HistoryName, { all: number; unknown: number }>>;
  /** Holds that ended by themselves, and writes that the fence refused. */
  lost: { holds: number; writes: number };
  /** What befell clients, servers and the network. */
  faults: Record<string, number>;
  /** How many of these befell servers; undefined if they may not be struck. */
  serverFaults: number | undefined;
  /** Requests and connections that the proxy struck. */
  struck: Record<string, number>;
  /** How often the calendars of clients jumped. */
  jumps: number;
}

/** Lets clients work under faults, and checks what they were told. */
export async function playHistory(options: HistorySceneOptions): Promise<HistoryOutcome> {
  const { seed, duration, lock, all } = options;
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "troupe-history-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const cluster = stack.use(await startHistoryCluster());
  const { kubeconfig, namespace } = cluster;
  const clients = stack.use(
    new HistoryClients({ seed, namespace, kubeconfig, dir, leaseDuration: LEASE, lock }),
  );
  await clients.add(CLIENTS);
  const faults = stack.use(
    new HistoryFaults(cluster, clients, { seed, leaseDuration: LEASE, all }),
  );
  await new Promise((resolve) => setTimeout(resolve, duration));
  await faults.close();
  await clients.end();
  await readAll(cluster, dir);

  const locks = await read(dir, "lock");
  const fenced = await read(dir, "fenced");
  const outcome: HistoryOutcome = {
    verdicts: {},
    operations: {},
    lost: {
      holds: locks.filter(({ output }) => (output as { held?: boolean })?.held === false).length,
      writes: fenced.filter(({ output }) => (output as { accepted?: boolean })?.accepted === false)
        .length,
    },
    faults: faults.counts,
    serverFaults: cluster.servers.length === 0 ? undefined : faults.serverFaults,
    struck: struck(cluster),
    jumps: clients.jumps,
  };
  function judge<S, I, O>(name: HistoryName, model: Model<S, I, O>, history: History): void {
    const unknown = history.filter((operation) => operation.return === Infinity).length;
    outcome.operations[name] = { all: history.length, unknown };
    const checked = history as History<I, O>;
    outcome.verdicts[name] = checkLinearizable(model, checked, { timeout: CHECK_TIME });
  }
  judge("lock", lockModel, locks);
  judge("fenced", fencedRegisterModel, fenced);
  if (lock === "mutex") {
    judge("register", registerModel, await read(dir, "register"));
    judge("counter", counterModel, await read(dir, "counter"));
    judge("sequence", sequenceModel, await read(dir, "sequence"));
  }
  return outcome;
}

/** Reads in the end what is there, so that what was lost shows. */
async function readAll(cluster: HistoryCluster, dir: string): Promise<void> {
  const { namespace, direct } = cluster;
  await using primitives = await Primitives.create({ namespace, kubeconfig: direct });
  using file = Deno.openSync(`${dir}/audit.register.ndjson`, { create: true, append: true });
  const recorder = new HistoryRecorder<RegisterInput, RegisterOutput>("audit", (line) => {
    file.writeSync(new TextEncoder().encode(`${line}\n`));
  }, { now: machineNow });
  const bucket = primitives.keyValue("registers", z.string());
  const history = await read(dir, "register") as History<RegisterInput>;
  for (const key of new Set(history.map(({ input }) => input.key))) {
    const asking = recorder.start({ op: "get", key });
    asking.returned(await ask(bucket, { op: "get", key }));
  }
}

async function read(dir: string, name: HistoryName): Promise<Operation[]> {
  const all: Operation[] = [];
  for await (const entry of Deno.readDir(dir)) {
    if (!entry.name.endsWith(`.${name}.ndjson`)) continue;
    all.push(...readHistory(await Deno.readTextFile(`${dir}/${entry.name}`)));
  }
  return all.sort((a, b) => a.call - b.call);
}

function struck({ proxy }: HistoryCluster): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { action, code } of proxy.record) {
    if (action === "open" || action === "pass") continue;
    const what = code === undefined ? action : String(code);
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
