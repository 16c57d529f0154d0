/**
 * Tells what controllers and the scheduler did, as core/v1 Events.
 *
 * Flow: `record()` puts a note into a bounded queue and returns; one sender takes notes in
 * order. A note that was told before only raises the count of its Event; after
 * {@linkcode SIMILAR_LIMIT} notes of one reason about one object, which differ just in their
 * text, the rest share one Event; and about one object no more than {@linkcode BURST} Events
 * are written at once, then one each {@linkcode REFILL_MS}. What does not fit is dropped and
 * counted: events are told as well as possible and never hold up the work.
 * These limits mirror client-go's `tools/record` defaults.
 *
 * @module
 */
import { EVENTS } from "./kinds.ts";
import { timestamp } from "./conditions.ts";
import type { Item } from "./types.ts";
import type { ObjectClient } from "./writes.ts";

/** Something to tell about an object. */
export interface Note {
  readonly about: Item;
  readonly type: "Normal" | "Warning";
  /** In UpperCamelCase, such as `ScalingReplicaSet`. */
  readonly reason: string;
  readonly message: string;
  /** Who tells it, in kebab-case. @default the recorder's own name */
  readonly source?: string;
  /**
   * What was done, in UpperCamelCase, such as `Binding`. With it the Event has the form of the
   * events.k8s.io API, as the scheduler's Events have: kubectl sorts them before the others.
   */
  readonly action?: string;
}

/** Options of {@linkcode EventRecorder}. */
export interface EventRecorderOptions {
  /** Wall clock in ms. @default Date.now */
  readonly now?: () => number;
  /** Tells the names of two recorders apart, 0 ≤ x < 1. @default Math.random */
  readonly random?: () => number;
}

/** Notes that wait beyond this many are dropped. */
const QUEUE_LIMIT = 1000;
/** Events about one object that may be written at once. */
const BURST = 25;
/** After the burst, one more each 5 minutes. */
const REFILL_MS = 300_000;
/** This many notes of one reason about one object within {@linkcode WINDOW_MS} become one. */
const SIMILAR_LIMIT = 10;
/** For so long notes count as similar, and Events are counted up instead of made anew. */
const WINDOW_MS = 600_000;
/** Objects remembered; the oldest are forgotten first. */
const MEMORY_LIMIT = 4096;

interface Told {
  /** The Event's name. */
  readonly name: string;
  count: number;
  at: number;
}

interface Memory {
  tokens: number;
  refilledAt: number;
  /** By type, reason and message. */
  readonly told: Map<string, Told>;
  /** By type and reason: the messages heard since `since`. */
  readonly similar: Map<string, { since: number; messages: Set<string> }>;
}

/** Writes Events, few enough not to be a burden. */
export class EventRecorder implements AsyncDisposable {
  readonly #client: ObjectClient;
  readonly #component: string;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  readonly #memories = new Map<string, Memory>();
  #queue: Note[] = [];
  #sending: Promise<void> | undefined;
  #dropped = 0;
  #serial: number;

  /** Events will name `component` as their source. */
  constructor(client: ObjectClient, component: string, options: EventRecorderOptions = {}) {
    this.#client = client;
    this.#component = component;
    this.#now = options.now ?? Date.now;
    // Two recorders may tell about one object within a millisecond.
    this.#serial = Math.floor((options.random ?? Math.random)() * 900_000);
  }

  /** How many notes were not written: too many about one object, too many waiting, refused. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a note to be written soon. */
  record(note: Note): void {
    if (this.#stop.signal.aborted) return;
    if (this.#queue.length >= QUEUE_LIMIT) {
      this.#dropped++;
      return;
    }
    this.#queue.push(note);
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when nothing waits to be written. */
  async settled(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  /** Drops what waits and ends what is being written. */
  async close(): Promise<void> {
    this.#queue = [];
    this.#stop.abort(new DOMException("The event recorder was closed", "AbortError"));
    await this.#sending;
  }

  /** As {@linkcode EventRecorder.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #sendAll(): Promise<void> {
    // a burst of notes of one tick is complete before the first is sent
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const note of batch) {
        if (this.#stop.signal.aborted) break;
        try {
          await this.#send(note);
        } catch {
          this.#dropped++;
        }
      }
    }
    this.#sending = undefined;
  }

  async #send(note: Note): Promise<void> {
    const now = this.#now();
    const memory = this.#memoryOf(note.about.metadata.uid, now);
    const { key, message } = aggregate(memory, note, now);
    if (!takeToken(memory, now)) {
      this.#dropped++;
      return;
    }
    const signal = this.#stop.signal;
    const told = memory.told.get(key);
    if (told && now - told.at < WINDOW_MS) {
      told.count++;
      told.at = now;
      memory.told.delete(key); // it may be gone: then the next note makes a new one
      await this.#client.write({
        verb: "patch",
        kind: EVENTS,
        target: { namespace: namespaceOf(note.about), name: told.name },
        patch: note.action === undefined
          ? { count: told.count, lastTimestamp: timestamp(now), message }
          : { series: { count: told.count, lastObservedTime: microTime(now) }, message },
      }, { signal });
      memory.told.set(key, told);
      return;
    }
    const object = this.#event(note, message, now);
    await this.#client.write({ verb: "create", kind: EVENTS, object }, { signal });
    memory.told.set(key, { name: object.metadata.name, count: 1, at: now });
  }

  #event({ about, type, reason, source, action }: Note, message: string, now: number) {
    const { name, namespace, uid, resourceVersion } = about.metadata;
    // As elsewhere the time in ns, so that Events are listed in the order in which they were told.
    const suffix = (BigInt(now) * 1_000_000n + BigInt(this.#serial++ % 1_000_000)).toString(16);
    const at = timestamp(now);
    const component = source ?? this.#component;
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: `${name}.${suffix}`, namespace: namespaceOf(about) },
      involvedObject: {
        apiVersion: about.apiVersion,
        kind: about.kind,
        name,
        namespace,
        uid,
        resourceVersion,
      },
      type,
      reason,
      message,
      reportingComponent: component,
      ...(action === undefined
        ? {
          source: { component },
          reportingInstance: "",
          firstTimestamp: at,
          lastTimestamp: at,
          count: 1,
        }
        : { action, reportingInstance: `${component}-local`, eventTime: microTime(now) }),
    };
  }

  #memoryOf(uid: string, now: number): Memory {
    const known = this.#memories.get(uid);
    if (known) return known;
    if (this.#memories.size >= MEMORY_LIMIT) {
      const [oldest] = this.#memories.keys();
      if (oldest !== undefined) this.#memories.delete(oldest);
    }
    const fresh = { tokens: BURST, refilledAt: now, told: new Map(), similar: new Map() };
    this.#memories.set(uid, fresh);
    return fresh;
  }
}

/** Events about cluster-scoped objects live in the default namespace. */
function namespaceOf(about: Item): string {
  return about.metadata.namespace ?? "default";
}

/** A time as Events of the newer form have it. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace("Z", "000Z");
}

function takeToken(memory: Memory, now: number): boolean {
  const refill = Math.floor((now - memory.refilledAt) / REFILL_MS);
  if (refill > 0) {
    memory.tokens = Math.min(BURST, memory.tokens + refill);
    memory.refilledAt += refill * REFILL_MS;
  }
  if (memory.tokens < 1) return false;
  memory.tokens--;
  return true;
}

function aggregate(memory: Memory, note: Note, now: number): { key: string; message: string } {
  const group = `${note.type}/${note.reason}`;
  let similar = memory.similar.get(group);
  if (!similar || now - similar.since > WINDOW_MS) {
    similar = { since: now, messages: new Set() };
    memory.similar.set(group, similar);
  }
  const isNew = !similar.messages.has(note.message);
  if (isNew && similar.messages.size >= SIMILAR_LIMIT) {
    return { key: group, message: `(combined from similar events): ${note.message}` };
  }
  similar.messages.add(note.message);
  return { key: `${group}/${note.message}`, message: note.message };
}
