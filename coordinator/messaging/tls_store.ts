/**
 * The certificates for the connections to a coordinator's workers, for who turns TLS on.
 *
 * Secret `troupe-<coordinator>-ca` holds an authority of the coordinator's own, with its private key: in
 * the coordinator's namespace only, and no worker gets it. Secret `troupe-<coordinator>-tls` holds one
 * certificate for all workers, its private key, and the authorities that it may be signed by: in each
 * namespace with workers, which get these as variables.
 *
 * Flow: the leader calls `ensure`, which makes what is missing and renews what has reached two thirds of
 * its time: again at `renewAt`. Followers read.
 *
 * Guarantee: whoever has the present authorities trusts the certificate before a renewal and the one
 * after it; also when the authority itself is renewed, as the former one stays among them.
 *
 * Caveat: a worker has the certificate that was stored when its pod's container started. One that runs
 * on for longer than a third of a certificate's time after its renewal is no longer trusted; a restart
 * of its container gives it the new one.
 *
 * @module
 */
import type { Secret } from "@cloudydeno/kubernetes-apis/core/v1";
import type { RestClient } from "@cloudydeno/kubernetes-client";
import { ObjectApi, SECRETS } from "../../kube/mod.ts";
import { type TlsTrust, workersName } from "../../messaging/mod.ts";
import { tlsSecret } from "../labels.ts";
import type { Mandate } from "../leadership/mandate.ts";
import { type Decision, FencedWriter, termOf } from "../workloads/fenced_writer.ts";
import {
  isSignedBy,
  type KeyPair,
  makeAuthority,
  makeServerCertificate,
  type Validity,
  validityOf,
} from "./certificates.ts";
import type { KeyStoreWriteOptions } from "./key_store.ts";
import {
  newSecret,
  patchOf,
  refuseForeign,
  SecretError,
  type SecretPlace,
  type SecretTexts,
  targetOf,
  textsOf,
} from "./owned_secret.ts";

const DAY = 24 * 60 * 60 * 1000;

/** How long an authority may be used, in milliseconds. */
export const AUTHORITY_TIME: number = 3650 * DAY;

/** How long a worker's certificate may be used, in milliseconds. */
export const CERTIFICATE_TIME: number = 365 * DAY;

/** A certificate counts from so many milliseconds ago, for those whose clock is slow. */
const CLOCK_SKEW = 60 * 60 * 1000;

/** The part of its time after which a certificate is renewed. */
const RENEW_AFTER = 2 / 3;

/** How often a write begins anew because somebody else has written. */
const ATTEMPTS = 5;

/** What is needed of a coordinator to keep certificates. */
export interface TlsStoreOptions {
  client: RestClient;
  /** The coordinator's name. */
  coordinator: string;
  /** The coordinator's namespace. */
  namespace: string;
  /** The wall clock, in milliseconds since 1970. @default Date.now */
  now?: () => number;
}

/** See the module's text. Calls of `ensure` must not overlap. */
export class TlsStore {
  readonly #options: TlsStoreOptions;
  readonly #writer: FencedWriter;
  readonly #now: () => number;

  /** Nothing is sent yet. */
  constructor(options: TlsStoreOptions) {
    this.#options = options;
    this.#writer = new FencedWriter(options.client, options.coordinator);
    this.#now = options.now ?? Date.now;
  }

  /**
   * Whom to trust, as it is stored; undefined, if no leader has made certificates yet.
   *
   * @throws {SecretError} when the Secret is not what a leader has made
   */
  async read(): Promise<TlsTrust | undefined> {
    const place = this.#place("tls");
    const live = await this.#api(place).get(place.name);
    if (live === undefined) return undefined;
    return this.#trustIn(textsOf(place, live, ["ca.crt"])["ca.crt"]);
  }

  /**
   * Makes what is missing, renews what is to be renewed, and copies the workers' certificate to other
   * namespaces. Resolves with whom to trust, and when it is to be called again at the latest, in
   * milliseconds since 1970.
   *
   * @throws {NotLeadingError} when the mandate has ended, or a later leader has written
   * @throws {SecretError} when a Secret is not what a leader has made
   */
  async ensure(
    mandate: Mandate,
    { namespaces = [], signal }: KeyStoreWriteOptions = {},
  ): Promise<TlsTrust & { readonly renewAt: number }> {
    const { authority, trusted } = await this.#authority(mandate, signal);
    const stored = await this.#keep(this.#place("tls"), mandate, signal, async (texts) => {
      const certificate = texts?.["tls.crt"];
      const isGood = certificate !== undefined && texts?.["tls.key"] !== undefined &&
        await isSignedBy(certificate, authority.certificate) && !await this.#isDue(certificate);
      if (isGood) return { ...texts, "ca.crt": trusted } as SecretTexts;
      const made = await makeServerCertificate(
        authority,
        workersName(this.#options.coordinator),
        this.#validity(CERTIFICATE_TIME),
      );
      return { "tls.crt": made.certificate, "tls.key": made.privateKey, "ca.crt": trusted };
    });
    for (const namespace of new Set(namespaces)) {
      if (namespace === this.#options.namespace) continue;
      const copy = { ...this.#place("tls"), namespace };
      await this.#keep(copy, mandate, signal, () => Promise.resolve(stored));
    }
    const times = await Promise.all([authority.certificate, stored["tls.crt"]!].map(validityOf));
    return { ...this.#trustIn(trusted), renewAt: Math.min(...times.map(renewalOf)) };
  }

  /** The authority, and all that may be trusted: it, and the one before it. */
  async #authority(
    mandate: Mandate,
    signal: AbortSignal | undefined,
  ): Promise<{ authority: KeyPair; trusted: string }> {
    const place = this.#place("ca");
    const texts = await this.#keep(place, mandate, signal, async (texts) => {
      if (texts !== undefined) {
        const { certificate } = authorityIn(place, texts);
        const isDue = await this.#isDue(certificate).catch(() => {
          throw new SecretError(place, 'its "ca.crt" is no certificate');
        });
        if (!isDue) return texts;
      }
      const { coordinator } = this.#options;
      const made = await makeAuthority(`troupe ${coordinator}`, this.#validity(AUTHORITY_TIME));
      return {
        "ca.crt": made.certificate,
        "ca.key": made.privateKey,
        ...(texts?.["ca.crt"] !== undefined && { "former.crt": texts["ca.crt"] }),
      };
    });
    const authority = authorityIn(place, texts);
    return { authority, trusted: authority.certificate + (texts["former.crt"] ?? "") };
  }

  /**
   * Gives a Secret what `want` says of what it holds, which takes time: if somebody writes meanwhile,
   * all begins anew. Resolves with what it then holds.
   */
  async #keep(
    place: SecretPlace,
    mandate: Mandate,
    signal: AbortSignal | undefined,
    want: (texts: SecretTexts | undefined) => Promise<SecretTexts>,
  ): Promise<SecretTexts> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const live = await this.#api(place).get(place.name, { signal });
      const wanted = await want(live && allTextsOf(place, live));
      let isStale = false;
      await this.#writer.write(targetOf(place), mandate, (now): Decision<Secret> => {
        isStale = now?.metadata?.resourceVersion !== live?.metadata?.resourceVersion;
        if (isStale) return undefined;
        if (now === undefined) return { verb: "create", object: newSecret(place, wanted) };
        const patch = patchOf(now, wanted);
        // what an earlier leader has not got through yet must not come after this
        const isClaimed = mandate.token === undefined || termOf(now) === mandate.token;
        return patch === undefined && isClaimed ? undefined : { verb: "merge", patch: patch ?? {} };
      }, { signal, seen: live });
      if (!isStale) return wanted;
    }
    throw new SecretError(place, "somebody else writes to it again and again");
  }

  #validity(time: number): Validity {
    const from = this.#now() - CLOCK_SKEW;
    return { from, until: from + time };
  }

  async #isDue(certificate: string): Promise<boolean> {
    return renewalOf(await validityOf(certificate)) <= this.#now();
  }

  #trustIn(bundle: string): TlsTrust {
    const caCerts = bundle.split(/(?<=-----END CERTIFICATE-----\n)/);
    return { caCerts, serverName: workersName(this.#options.coordinator) };
  }

  #place(kind: "ca" | "tls"): SecretPlace {
    const { coordinator, namespace } = this.#options;
    const name = kind === "ca" ? `troupe-${coordinator}-ca` : tlsSecret(coordinator).name;
    return { name, namespace, coordinator };
  }

  #api(place: SecretPlace): ObjectApi<Secret> {
    return new ObjectApi(this.#options.client, SECRETS, place.namespace);
  }
}

/** When a certificate is to be renewed, in milliseconds since 1970. */
function renewalOf({ from, until }: Validity): number {
  return from + (until - from) * RENEW_AFTER;
}

function authorityIn(place: SecretPlace, texts: SecretTexts): KeyPair {
  const { "ca.crt": certificate, "ca.key": privateKey } = texts;
  if (certificate && privateKey) return { certificate, privateKey };
  // to make another one would cut off the workers that are there
  throw new SecretError(place, 'it has no "ca.crt" or no "ca.key"');
}

function allTextsOf(place: SecretPlace, live: Secret): SecretTexts {
  refuseForeign(place, live);
  return textsOf(place, live, Object.keys(live.data ?? {}));
}
