import { ApiError } from "../../../kube/mod.ts";
import type { LeaseJson } from "../lease_record.ts";

/** What became of a request, for faults: on its way there, and on its way back. */
export type Fault = "lose request" | "lose answer" | number;

/** A request as a test sees it. */
export interface ServedCall {
  readonly client: string;
  readonly method: string;
  readonly watch: boolean;
  readonly body?: LeaseJson;
}

/** A watch that is open. */
export interface Watcher {
  /** Whose it is. */
  readonly client: string;
  send(type: string, lease: LeaseJson): void;
  /** Ends it, as a server does that is stopped. */
  end(): void;
}

/** One Lease in memory, with the API server's rules for versions, and faults as a test wants them. */
export class LeaseServer {
  /** The version of the last write, of all objects of the server. */
  version = 100;
  lease: LeaseJson | undefined;
  /** What was served, and what came of it. */
  readonly calls: (ServedCall & { code: number })[] = [];
  /** How many lists and watches were asked for. */
  listed = 0;
  watched = 0;
  /** Decides about each request. */
  fault: (call: ServedCall) => Fault | undefined = () => undefined;
  /** Whether watches are open but nothing comes of them. */
  stalled = false;
  readonly watchers: Set<Watcher> = new Set();
  #uid = 0;

  /** How many requests like that took effect or were refused. */
  count(method: string, client?: string): number {
    return this.calls.filter((it) =>
      it.method === method && !it.watch && (client === undefined || it.client === client)
    ).length;
  }

  /** Counts from now on. */
  forget(): void {
    this.calls.length = this.listed = this.watched = 0;
  }

  /** Serves a request for one Lease, or a create. */
  serve(call: ServedCall): LeaseJson {
    try {
      const lease = this.#serve(call);
      this.calls.push({ ...call, code: 200 });
      return lease;
    } catch (error) {
      this.calls.push({ ...call, code: (error as ApiError).httpCode });
      throw error;
    }
  }

  #serve({ method, body }: ServedCall): LeaseJson {
    if (method === "GET") {
      if (!this.lease) throw failure(404);
      return this.lease;
    }
    if (method === "POST") {
      if (this.lease) throw failure(409, "AlreadyExists");
      return this.store("ADDED", { ...body!, metadata: { ...body!.metadata, uid: this.newUid() } });
    }
    if (!this.lease) throw failure(404);
    const { resourceVersion, uid } = body!.metadata!;
    const { metadata } = this.lease;
    if (resourceVersion !== metadata!.resourceVersion || uid !== metadata!.uid) throw failure(409);
    if (JSON.stringify(body) === JSON.stringify(this.lease)) return this.lease;
    return this.store("MODIFIED", body!);
  }

  newUid(): string {
    return `uid-${++this.#uid}`;
  }

  /** Writes whatever it is, as a person with all permissions would. */
  store(type: string, lease: LeaseJson): LeaseJson {
    this.version++;
    const metadata = { ...lease.metadata, resourceVersion: String(this.version) };
    this.lease = { ...lease, metadata };
    for (const watcher of [...this.watchers]) watcher.send(type, this.lease);
    return this.lease;
  }

  /** Ends all watches, or those of some clients; more can be opened at once. */
  cutWatches(whose: (client: string) => boolean = () => true): void {
    for (const watcher of [...this.watchers]) if (whose(watcher.client)) watcher.end();
  }

  /** Deletes the Lease. */
  remove(): void {
    const lease = this.lease!;
    this.lease = undefined;
    this.version++;
    const metadata = { ...lease.metadata, resourceVersion: String(this.version) };
    for (const watcher of [...this.watchers]) watcher.send("DELETED", { ...lease, metadata });
  }
}

/** The error of an answer. */
export function failure(httpCode: number, reason?: string): ApiError {
  return new ApiError(`Cannot do it: HTTP ${httpCode}`, {
    httpCode,
    reason,
    verb: "update",
    resource: "leases",
  });
}
