/**
 * The keys by which a coordinator and its workers know each other, in Secret
 * `troupe-<coordinator>-key`.
 *
 * Flow: the leader makes the Secret if there is none, and copies it to other namespaces with workers.
 * Followers read it. A rotation has two steps, between which the caller tells the connected workers
 * the new key: `addNext` adds it behind the others, and drops the one of the rotation before;
 * `useNext` puts it first. What a step has stored is copied to the other namespaces after.
 *
 * Guarantee: at any time, of what is stored anywhere and what workers were told, any two have a key in
 * common, if no more than one rotation lies between. A step that failed may be done again, by a later
 * leader too: it goes on with the key that was added.
 *
 * Assumption: whoever may read the Secret, or make pods beside it, is trusted.
 *
 * Cost: one read, and one write in each term and namespace.
 *
 * No error and no log tells anything of a key but its id.
 *
 * @module
 */
import type { Secret } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { ObjectApi, SECRETS } from "../../kube/mod.ts";
import { type Key, KeyRing, newKey } from "../../messaging/mod.ts";
import { ANNOTATIONS, keySecret } from "../labels.ts";
import type { Mandate } from "../leadership/mandate.ts";
import { type Decision, FencedWriter, termOf } from "../workloads/fenced_writer.ts";
import {
  newSecret,
  patchOf,
  refuseForeign,
  SecretError,
  type SecretPlace,
  targetOf,
  textsOf,
} from "./owned_secret.ts";

/** What is needed of a coordinator to keep its keys. */
export interface KeyStoreOptions {
  client: RestClient;
  /** The coordinator's name. */
  coordinator: string;
  /** The coordinator's namespace. */
  namespace: string;
}

/** Options of what a key store does. */
export interface KeyStoreCallOptions {
  /** Ends the call when it aborts; writes end with their mandate too. */
  signal?: AbortSignal;
}

/** Options of what writes: where else workers are. */
export interface KeyStoreWriteOptions extends KeyStoreCallOptions {
  /** Other namespaces with workers, to which the Secret is copied. @default none */
  namespaces?: Iterable<string>;
}

/** What is stored. */
interface Stored {
  readonly ring: KeyRing;
  /** Id of the key that was added and is not used yet. */
  readonly next: string | undefined;
}

/** See the module's text. Calls that write must not overlap. */
export class KeyStore {
  readonly #client: RestClient;
  readonly #writer: FencedWriter;
  readonly #coordinator: string;
  readonly #namespace: string;
  #known: KeyRing | undefined;
  #reading: Promise<KeyRing | undefined> | undefined;

  /** Nothing is sent yet. */
  constructor({ client, coordinator, namespace }: KeyStoreOptions) {
    this.#client = client;
    this.#writer = new FencedWriter(client, coordinator);
    this.#coordinator = coordinator;
    this.#namespace = namespace;
  }

  /** The keys as they were last read or written; undefined before. */
  get ring(): KeyRing | undefined {
    return this.#known;
  }

  /**
   * Reads the keys, by one request for all who ask meanwhile: at the start, and when who is on the
   * other side has another key. Undefined, if no leader has made them yet.
   *
   * @throws {SecretError} when the Secret is not what a leader has made
   */
  async read(): Promise<KeyRing | undefined> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return await this.#reading;
  }

  async #read(): Promise<KeyRing | undefined> {
    const place = this.#placeIn(this.#namespace);
    const live = await new ObjectApi(this.#client, SECRETS, place.namespace).get(place.name);
    if (live === undefined) return undefined;
    return this.#known = storedIn(place, live).ring;
  }

  /**
   * The keys, which are made if there are none, and are then in all these namespaces.
   *
   * @throws {NotLeadingError} when the mandate has ended, or a later leader has written
   * @throws {SecretError} when a Secret is not what a leader has made
   */
  async ensure(mandate: Mandate, options: KeyStoreWriteOptions = {}): Promise<KeyRing> {
    const { ring } = await this.#change(mandate, (stored) => stored, options);
    return ring;
  }

  /**
   * First step of a rotation: a new key is stored behind the others, and the one of the rotation
   * before is dropped. Resolves with the new key, which the connected workers must now be told. If an
   * earlier rotation has not ended, it goes on with that one's key.
   *
   * @throws as `ensure` does
   */
  async addNext(
    mandate: Mandate,
    options: KeyStoreWriteOptions = {},
  ): Promise<{ ring: KeyRing; next: Key }> {
    const { ring, next } = await this.#change(mandate, ({ ring, next }) => {
      if (next !== undefined) return { ring, next };
      const key = newKey();
      return { ring: new KeyRing([ring.current, key]), next: key.kid };
    }, options);
    return { ring, next: ring.get(next!)! };
  }

  /**
   * Second step of a rotation, once the connected workers know the new key: it becomes the current
   * one. Without a rotation under way nothing changes.
   *
   * @throws as `ensure` does
   */
  async useNext(mandate: Mandate, options: KeyStoreWriteOptions = {}): Promise<KeyRing> {
    const { ring } = await this.#change(mandate, ({ ring, next }) => {
      const key = next === undefined ? undefined : ring.get(next);
      if (key === undefined) return { ring, next: undefined };
      const former = ring.ids.filter((kid) => kid !== key.kid).map((kid) => ring.get(kid)!);
      return { ring: new KeyRing([key, ...former]), next: undefined };
    }, options);
    return ring;
  }

  async #change(
    mandate: Mandate,
    change: (stored: Stored) => Stored,
    { namespaces = [], signal }: KeyStoreWriteOptions,
  ): Promise<Stored> {
    const place = this.#placeIn(this.#namespace);
    const live = await this.#writer.write(targetOf(place), mandate, (live): Decision<Secret> => {
      const before = live === undefined
        ? { ring: new KeyRing([newKey()]), next: undefined }
        : storedIn(place, live);
      return decisionFor(place, live, change(before), mandate);
    }, { signal });
    const stored = storedIn(place, live!);
    this.#known = stored.ring;
    for (const namespace of new Set(namespaces)) {
      if (namespace === this.#namespace) continue;
      const copy = this.#placeIn(namespace);
      await this.#writer.write(targetOf(copy), mandate, (live): Decision<Secret> => {
        if (live !== undefined) refuseForeign(copy, live);
        return decisionFor(copy, live, { ring: stored.ring, next: undefined }, mandate);
      }, { signal });
    }
    return stored;
  }

  #placeIn(namespace: string): SecretPlace {
    const { name } = keySecret(this.#coordinator);
    return { name, namespace, coordinator: this.#coordinator };
  }
}

function storedIn(place: SecretPlace, live: Secret): Stored {
  const { key } = keySecret(place.coordinator);
  const text = textsOf(place, live, [key])[key]!;
  const next = live.metadata?.annotations?.[ANNOTATIONS.nextKey];
  try {
    const ring = KeyRing.parse(text);
    return { ring, next: next !== undefined && ring.get(next) ? next : undefined };
  } catch {
    throw new SecretError(place, `its "${key}" is not as it was written`);
  }
}

function decisionFor(
  place: SecretPlace,
  live: Secret | undefined,
  { ring, next }: Stored,
  { token }: Mandate,
): Decision<Secret> {
  const texts = { [keySecret(place.coordinator).key]: ring.toText() };
  if (live === undefined) return { verb: "create", object: newSecret(place, texts) };
  const patch = patchOf(live, texts);
  const noted = live.metadata?.annotations?.[ANNOTATIONS.nextKey];
  if (patch !== undefined || noted !== next) {
    const annotations = { [ANNOTATIONS.nextKey]: next ?? null };
    return { verb: "merge", patch: { ...patch, metadata: { annotations } } };
  }
  // what an earlier leader has not got through yet must not come after this
  const isClaimed = token === undefined || termOf(live) === token;
  return isClaimed ? undefined : { verb: "merge", patch: {} };
}
