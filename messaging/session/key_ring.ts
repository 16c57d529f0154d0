import { Buffer } from "node:buffer";
import { z } from "zod";

/** Bytes of a key: as many as HMAC-SHA-256 makes use of, and as AES-256 needs. */
const KEY_BYTES = 32;

/** What coordinator and workers share, by which they know each other. */
export interface Key {
  /** Tells it from others; no secret. */
  readonly kid: string;
  /** The secret: 32 bytes. */
  readonly secret: Uint8Array<ArrayBuffer>;
}

const text = z.string().regex(/^[A-Za-z0-9_-]+$/);

const keySet = z.object({
  keys: z.array(z.object({
    kty: z.literal("oct"),
    kid: text.max(64),
    k: text.transform((given) => new Uint8Array(Buffer.from(given, "base64url")))
      .refine((secret) => secret.length === KEY_BYTES),
  })).min(1),
});

/**
 * The keys of a coordinator: the one that is used first, then others by which one may still be known,
 * or is going to be. A ring does not change; what is told of it in errors and logs is never a key.
 */
export class KeyRing {
  readonly #keys: readonly Key[];

  /** Holds these keys, the current one first. @throws {TypeError} when two have the same id, or without any */
  constructor(keys: readonly Key[]) {
    const ids = new Set(keys.map(({ kid }) => kid));
    if (ids.size !== keys.length || keys.length === 0) {
      throw new TypeError("Cannot make a key ring: there is no key, or two have the same id");
    }
    this.#keys = [...keys];
  }

  /**
   * The ring that a JSON Web Key Set (RFC 7517) of symmetric keys tells.
   *
   * @throws {TypeError} when it is none; the message tells nothing of what was given
   */
  static parse(text: string): KeyRing {
    try {
      const keys = keySet.parse(JSON.parse(text)).keys.map(({ kid, k }): Key => ({
        kid,
        secret: k,
      }));
      return new KeyRing(keys);
    } catch {
      // what JSON and zod say quotes the text
      throw new TypeError(
        "Cannot read keys: allowed is a JSON Web Key Set of symmetric keys with an id, each of " +
          `${KEY_BYTES} bytes`,
      );
    }
  }

  /** The key that is used. */
  get current(): Key {
    return this.#keys[0]!;
  }

  /** Ids of all keys, the current one first. */
  get ids(): readonly string[] {
    return this.#keys.map(({ kid }) => kid);
  }

  /** The key of that id, if it is there. */
  get(kid: string): Key | undefined {
    return this.#keys.find((key) => key.kid === kid);
  }

  /** The ring with one more key, which is the last one. */
  with(key: Key): KeyRing {
    return new KeyRing([this.current, ...this.#keys.slice(1), key]);
  }

  /** The ring as a JSON Web Key Set, which `parse` reads. It is secret. */
  toText(): string {
    const keys = this.#keys.map(({ kid, secret }) => ({
      kty: "oct",
      kid,
      k: Buffer.from(secret).toString("base64url"),
    }));
    return JSON.stringify({ keys });
  }

  /** How it is shown: by the ids. */
  toJSON(): { ids: readonly string[] } {
    return { ids: this.ids };
  }

  /** How it is shown: by the ids. */
  [Symbol.for("Deno.customInspect")](): string {
    return `KeyRing(${this.ids.join(", ")})`;
  }
}

/** A new key: random, with a random id. */
export function newKey(): Key {
  const [id, secret] = [new Uint8Array(8), new Uint8Array(KEY_BYTES)].map((bytes) =>
    crypto.getRandomValues(bytes)
  );
  return { kid: Buffer.from(id!).toString("hex"), secret: secret! };
}
