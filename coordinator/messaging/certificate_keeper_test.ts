import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { type Mandate, NotLeadingError } from "../leadership/mandate.ts";
import { CertificateKeeper } from "./certificate_keeper.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A store whose certificates are to be renewed a hundred days after they were made. */
class Scene implements Disposable {
  readonly #time = new FakeTime();
  readonly calls: string[] = [];
  readonly errors: string[] = [];
  readonly keeper: CertificateKeeper;
  failure: Error | undefined;
  #made = 0;

  constructor() {
    this.keeper = new CertificateKeeper({
      store: {
        ensure: ({ token }, { namespaces = [] } = {}) => {
          if (this.failure) return Promise.reject(this.failure);
          if (this.#made === 0 || Date.now() >= this.#renewAt) this.#made = Date.now();
          this.calls.push(`${token} ${[...namespaces].join()}`);
          const caCerts = [`authority of ${this.#made}`];
          return Promise.resolve({ caCerts, serverName: "w", renewAt: this.#renewAt });
        },
      },
      onError: ({ message }) => this.errors.push(message),
    });
  }

  get #renewAt(): number {
    return this.#made + 100 * DAY;
  }

  async pass(ms: number): Promise<void> {
    await this.#time.tickAsync(ms);
    await this.#time.runMicrotasks();
  }

  [Symbol.dispose](): void {
    this.keeper.end();
    this.#time.restore();
  }
}

function term(token: number): Mandate & { end(): void } {
  const controller = new AbortController();
  return {
    token,
    signal: controller.signal,
    check() {
      if (controller.signal.aborted) throw controller.signal.reason;
    },
    end: () => controller.abort(new NotLeadingError("write")),
  };
}

Deno.test("CertificateKeeper renews certificates in all namespaces when that is due", async () => {
  using scene = new Scene();
  const mandate = term(1);
  await Promise.all(["team", "other"].map((name) => scene.keeper.provide(name, mandate)));
  const before = scene.keeper.trust;
  scene.calls.length = 0;
  await scene.pass(100 * DAY - 1);
  deepStrictEqual([scene.calls, scene.keeper.trust], [[], before]);
  await scene.pass(1);
  deepStrictEqual(scene.calls, ["1 team,other"]);
  await scene.pass(100 * DAY);
  strictEqual(scene.calls.length, 2);
  deepStrictEqual(scene.keeper.trust, {
    caCerts: [`authority of ${Date.now()}`],
    serverName: "w",
  });
});

Deno.test("CertificateKeeper tells that a renewal has failed, and tries again", async () => {
  using scene = new Scene();
  await scene.keeper.provide("team", term(1));
  scene.failure = new Error("no answer");
  await scene.pass(100 * DAY);
  deepStrictEqual(scene.errors, ["no answer"]);
  scene.failure = undefined;
  await scene.pass(HOUR);
  deepStrictEqual([scene.errors, scene.calls.length], [["no answer"], 2]);
});

Deno.test("CertificateKeeper renews nothing when the term is over", async () => {
  using scene = new Scene();
  const first = term(1);
  await scene.keeper.provide("team", first);
  first.end();
  scene.keeper.end();
  const second = term(2);
  await scene.keeper.provide("other", second);
  await rejects(scene.keeper.provide("team", first), NotLeadingError);
  await scene.pass(100 * DAY);
  deepStrictEqual(scene.calls, ["1 team", "2 other", "2 other"]);
  scene.keeper.end();
  await scene.pass(200 * DAY);
  strictEqual(scene.calls.length, 3);
});
