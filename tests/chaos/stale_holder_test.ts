// Who holds a mutex and writes to a key is paused for longer than its session lives, and wakes up when the
// next holder has written. TROUPE_CHAOS_STOPS says how often (default 40). Without a fence the same program
// writes over what its successor wrote.
import { ok, strictEqual } from "node:assert/strict";
import { Primitives } from "../../primitives/mod.ts";
import { seededRandom } from "../../testing/mod.ts";
import { startTestCluster, type TestCluster } from "../support/cluster.ts";
import { type Running, startProgram } from "../support/greeter.ts";
import { type StaleHolderConfig, type StaleHolderLine, WRITTEN } from "../support/stale_holder.ts";
import { until } from "../support/until.ts";

const STOPS = Number(Deno.env.get("TROUPE_CHAOS_STOPS") ?? 40);
/** So many pairs of processes side by side, each with a mutex and a key of its own. */
const PAIRS = 4;
const LEASE = 1_000;
/** For what takes as long as a lease and a busy machine may take. */
const PATIENCE = { timeout: 60_000 };
/** Within which a process that wakes up has written. */
const WAKING = 500;

class Holder implements AsyncDisposable {
  readonly #running: Running;

  constructor(config: StaleHolderConfig) {
    const program = new URL("../support/stale_holder.ts", import.meta.url).pathname;
    const flags = ["run", "--quiet", "--no-prompt", "--no-check", "-A"];
    this.#running = startProgram([Deno.execPath(), ...flags, program, JSON.stringify(config)]);
  }

  /** Its last token; 0 if it never held the mutex. */
  get token(): number {
    return Math.max(0, ...this.#lines().map((it) => it.line === "held" ? it.token : 0));
  }

  /** Whether it has heard that its hold by that token is over. */
  isOver(token: number): boolean {
    return this.#lines().some((it) => it.line !== "held" && it.token === token);
  }

  /** How often it was refused. */
  get refused(): number {
    return this.#lines().filter(({ line }) => line === "refused").length;
  }

  signal(signal: Deno.Signal): void {
    Deno.kill(this.#running.pid, signal);
  }

  output(): string {
    return this.#running.output();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.stop("SIGKILL"); // it has no end of its own
  }

  #lines(): StaleHolderLine[] {
    const text = this.#running.output();
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    return whole.split("\n").filter((it) => it.startsWith("{")).map((it) => JSON.parse(it));
  }
}

/** What came of it. */
interface Outcome {
  stops: number;
  /** Writes of an earlier holder that were stored after one of a later holder. */
  stale: number;
  refused: number;
  written: number;
}

/** Pauses whoever holds the mutex of a pair, again and again. */
async function pauseHolders(
  cluster: TestCluster,
  { pair, stops, fenced }: { pair: number; stops: number; fenced: boolean },
): Promise<Outcome> {
  const { kubeconfig, namespace } = cluster;
  const name = `${fenced ? "fenced" : "open"}-${pair}`;
  const config = {
    kubeconfig,
    namespace,
    mutex: name,
    bucket: name,
    key: "file",
    fenced,
    leaseDuration: LEASE,
  };
  const random = seededRandom(pair + 1);
  await using primitives = await Primitives.create({ kubeconfig, namespace });
  const stop = new AbortController();
  const seen = { highest: 0, stale: 0, written: 0 };
  const watching = (async () => {
    for await (
      const change of primitives.keyValue(name, WRITTEN).watch("", { signal: stop.signal })
    ) {
      if (change.type !== "put") continue;
      const { token } = change.value;
      seen.written++;
      if (token < seen.highest) seen.stale++;
      seen.highest = Math.max(seen.highest, token);
    }
  })();
  await using first = new Holder(config);
  await using second = new Holder(config);
  let done = 0;
  try {
    for (; done < stops; done++) {
      const [holder, token] = await until(`a holder that writes in ${name}`, () => {
        const holder = first.token > second.token ? first : second;
        return holder.token > 0 && seen.highest === holder.token && [holder, holder.token] as const;
      }, PATIENCE);
      const other = holder === first ? second : first;
      await new Promise((resolve) => setTimeout(resolve, random() * 50));
      holder.signal("SIGSTOP");
      await until(
        `a next holder that writes in ${name}`,
        () => other.token > token && seen.highest === other.token,
        PATIENCE,
      );
      holder.signal("SIGCONT");
      await until(`the end of hold ${token} of ${name}`, () => holder.isOver(token), PATIENCE);
    }
    await new Promise((resolve) => setTimeout(resolve, WAKING));
  } catch (error) {
    throw new Error(`${name}:\n${first.output()}\n${second.output()}`, { cause: error });
  } finally {
    stop.abort();
    await watching.catch(() => {}); // it was ended
  }
  return { ...seen, stops: done, refused: first.refused + second.refused };
}

async function pauseAll(fenced: boolean, stops: number): Promise<Outcome> {
  await using cluster = await startTestCluster({ images: {} });
  const outcomes = await Promise.all(
    Array.from(
      { length: PAIRS },
      (_, pair) => pauseHolders(cluster, { pair, stops: Math.ceil(stops / PAIRS), fenced }),
    ),
  );
  const sum = (field: keyof Outcome) => outcomes.reduce((all, it) => all + it[field], 0);
  const outcome = {
    stops: sum("stops"),
    stale: sum("stale"),
    refused: sum("refused"),
    written: sum("written"),
  };
  console.log(`${fenced ? "fenced" : "not fenced"}: ${JSON.stringify(outcome)}`);
  return outcome;
}

Deno.test("KeyValue accepts no write of a holder that was paused, if the writes are fenced", async () => {
  const { stops, stale, refused } = await pauseAll(true, STOPS);
  strictEqual(stale, 0);
  ok(refused > 0, "no write came late, so nothing was shown");
  ok(stops >= STOPS);
});

Deno.test("KeyValue accepts such writes if they are not fenced: the fence is what refuses them", async () => {
  const { stale } = await pauseAll(false, Math.max(8, STOPS / 5));
  ok(stale > 0, "no write came late: the test above shows nothing");
});
