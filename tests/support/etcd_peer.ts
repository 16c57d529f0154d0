/** etcd's own lock and keys, by its JSON gateway: what a program would use that runs its own etcd. */
export class EtcdPeer {
  readonly #url: string;
  #lease: Promise<string> | undefined;

  /** @param url such as `http://127.0.0.1:2379` */
  constructor(url: string) {
    this.#url = url;
  }

  /** Waits for the lock; resolves with the key that it is held by. */
  async lock(name: string): Promise<string> {
    this.#lease ??= this.#post("lease/grant", { TTL: "600" }).then(({ ID }) => ID as string);
    const { key } = await this.#post("lock/lock", { name: btoa(name), lease: await this.#lease });
    return key as string;
  }

  /** Gives it back. */
  async unlock(key: string): Promise<void> {
    await this.#post("lock/unlock", { key });
  }

  /** Stores a value. */
  async put(key: string, value: unknown): Promise<void> {
    await this.#post("kv/put", { key: btoa(key), value: btoa(JSON.stringify(value)) });
  }

  /** Calls `listener` with each value of the key, decoded, until the signal aborts; resolves when it watches. */
  async watch(key: string, listener: (value: unknown) => void, signal: AbortSignal): Promise<void> {
    const body = JSON.stringify({ create_request: { key: btoa(key) } });
    const answer = await fetch(`${this.#url}/v3/watch`, { method: "POST", body, signal });
    const created = Promise.withResolvers<void>();
    void (async () => {
      let text = "";
      try {
        for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
          text += part;
          const lines = text.split("\n");
          text = lines.pop()!;
          for (const line of lines) {
            const { result } = JSON.parse(line);
            if (result.created) created.resolve();
            for (const { kv } of result.events ?? []) listener(JSON.parse(atob(kv.value)));
          }
        }
      } catch (error) {
        if (!signal.aborted) created.reject(error);
      }
    })();
    await created.promise;
  }

  /** Gives back the lease, and with it all locks. */
  async close(): Promise<void> {
    if (this.#lease) await this.#post("lease/revoke", { ID: await this.#lease });
  }

  async #post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.#url}/v3/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${path}: ${text}`);
    return JSON.parse(text);
  }
}
