import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ApiServer } from "./server.ts";
import { call, Watching } from "./test_client.ts";

const MAPS = "/api/v1/namespaces/default/configmaps";

function create(server: ApiServer, name: string, labels: Record<string, string> = {}) {
  return call(server, `POST ${MAPS}`, { body: { metadata: { name, labels } } });
}

Deno.test("watch tells present objects and then changes when no version is given", async () => {
  await using server = await ApiServer.start();
  await create(server, "a");
  await using watch = await Watching.start(server, `${MAPS}?watch=1`);
  deepStrictEqual(await watch.take(1), ["ADDED a"]);
  await create(server, "b");
  await call(server, `DELETE ${MAPS}/a`);
  deepStrictEqual(await watch.take(2), ["ADDED b", "DELETED a"]);
});

Deno.test("watch answers its headers at once when there is nothing to tell", async () => {
  await using server = await ApiServer.start();
  await using watch = await Watching.start(server, `${MAPS}?watch=1`);
  await create(server, "a");
  deepStrictEqual(await watch.take(1), ["ADDED a"]);
});

Deno.test("watch tells only its own namespace", async () => {
  await using server = await ApiServer.start();
  await using watch = await Watching.start(server, `${MAPS}?watch=1`);
  await call(server, "POST /api/v1/namespaces/kube-system/configmaps", {
    body: { metadata: { name: "x" } },
  });
  await create(server, "a");
  deepStrictEqual(await watch.take(1), ["ADDED a"]);
});

Deno.test("watch sends the present state and its end when initial events are asked for", async () => {
  await using server = await ApiServer.start();
  await create(server, "a");
  const query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan" +
    "&allowWatchBookmarks=true";
  await using watch = await Watching.start(server, `${MAPS}?${query}`);
  deepStrictEqual(await watch.take(1), ["ADDED a"]);
  const bookmark = await watch.next();
  strictEqual(bookmark?.type, "BOOKMARK");
  deepStrictEqual(bookmark.object.metadata.annotations, { "k8s.io/initial-events-end": "true" });
  const list = await call(server, `GET ${MAPS}`);
  strictEqual(bookmark.object.metadata.resourceVersion, list.body.metadata.resourceVersion);
});

Deno.test("watch refuses initial events when the match is missing", async () => {
  await using server = await ApiServer.start();
  const { code, body } = await call(server, `GET ${MAPS}?watch=1&sendInitialEvents=true`);
  strictEqual(code, 422);
  strictEqual(body.reason, "Invalid");
});

Deno.test("watch sends bookmarks that tell of writes elsewhere", async () => {
  await using server = await ApiServer.start({ bookmarkInterval: 5 });
  await using watch = await Watching.start(server, `${MAPS}?watch=1&allowWatchBookmarks=1`);
  const made = await call(server, "POST /api/v1/namespaces/default/secrets", {
    body: { metadata: { name: "s" } },
  });
  const wanted = Number(made.body.metadata.resourceVersion);
  for (;;) {
    const event = await watch.next();
    strictEqual(event?.type, "BOOKMARK");
    if (Number(event?.object.metadata.resourceVersion) >= wanted) break;
  }
});

Deno.test("watch says 410 in an event when its version is forgotten", async () => {
  await using server = await ApiServer.start({ watchHistory: 2 });
  const first = await create(server, "a");
  for (const name of ["b", "c", "d", "e"]) await create(server, name);
  const { resourceVersion } = first.body.metadata;
  const watch = await Watching.start(server, `${MAPS}?watch=1&resourceVersion=${resourceVersion}`);
  const event = await watch.next();
  strictEqual(event?.type, "ERROR");
  strictEqual(event?.object.code, 410);
  strictEqual(event?.object.reason, "Expired");
  strictEqual(await watch.next(), undefined);
});

Deno.test("watch says 410 when history was compacted", async () => {
  await using server = await ApiServer.start();
  const first = await create(server, "a");
  await create(server, "b");
  server.compact();
  const { resourceVersion } = first.body.metadata;
  const watch = await Watching.start(server, `${MAPS}?watch=1&resourceVersion=${resourceVersion}`);
  strictEqual((await watch.next())?.object.code, 410);
  strictEqual(await watch.next(), undefined);
});

Deno.test("watch turns a change of labels into added and deleted", async () => {
  await using server = await ApiServer.start();
  await using watch = await Watching.start(server, `${MAPS}?watch=1&labelSelector=on%3Dyes`);
  const relabel = (on: string) =>
    call(server, `PATCH ${MAPS}/a`, {
      body: { metadata: { labels: { on } } },
      headers: { "content-type": "application/merge-patch+json" },
    });
  await create(server, "a", { on: "no" });
  await relabel("yes");
  const gone = await relabel("not");
  deepStrictEqual(await watch.take(1), ["ADDED a"]);
  const deleted = await watch.next();
  strictEqual(deleted?.type, "DELETED");
  strictEqual(deleted.object.metadata.labels.on, "yes");
  strictEqual(deleted.object.metadata.resourceVersion, gone.body.metadata.resourceVersion);
});

Deno.test("watch ends after timeoutSeconds", async () => {
  await using server = await ApiServer.start();
  const watch = await Watching.start(server, `${MAPS}?watch=1&timeoutSeconds=1`);
  strictEqual(await watch.next(), undefined);
});

Deno.test("close() ends watches at once", async () => {
  const server = await ApiServer.start();
  const watch = await Watching.start(server, `${MAPS}?watch=1`);
  const end = watch.next();
  await server.close();
  strictEqual(await end, undefined);
});

Deno.test("cutWatches() ends watches while the server serves on", async () => {
  await using server = await ApiServer.start();
  const watch = await Watching.start(server, `${MAPS}?watch=1`);
  server.cutWatches();
  strictEqual(await watch.next(), undefined);
  strictEqual((await call(server, `GET ${MAPS}`)).code, 200);
});

Deno.test("watch delivers all of many events in order", async () => {
  await using server = await ApiServer.start();
  await using watch = await Watching.start(server, `${MAPS}?watch=1`);
  const count = 300;
  const writes: Promise<unknown>[] = [];
  for (let i = 0; i < count; i++) writes.push(create(server, `m-${i}`));
  await Promise.all(writes);
  let last = 0;
  for (let i = 0; i < count; i++) {
    const version = Number((await watch.next())?.object.metadata.resourceVersion);
    ok(version > last);
    last = version;
  }
});

Deno.test("watch is cut when its client does not read and too much waits", async () => {
  await using server = await ApiServer.start({ watchBuffer: 1_000_000 });
  const response = await fetch(`${server.url}${MAPS}?watch=1`);
  const count = 40;
  for (let i = 0; i < count; i++) {
    const body = { metadata: { name: `m-${i}` }, data: { k: "x".repeat(900_000) } };
    await call(server, `POST ${MAPS}`, { body });
  }
  const lines = (await response.text()).split("\n").length;
  ok(lines < count, `${lines} events came`);
});

Deno.test("watch tells bookmarks in the form of its events", async () => {
  await using server = await ApiServer.start({ bookmarkInterval: 5 });
  for (const as of ["PartialObjectMetadata", "Table"]) {
    const accept = `application/json;as=${as};g=meta.k8s.io;v=v1`;
    const path = `${MAPS}?watch=1&allowWatchBookmarks=1`;
    await using watch = await Watching.start(server, path, { accept });
    const event = await watch.next();
    strictEqual(event?.type, "BOOKMARK");
    strictEqual(event.object.kind, as);
  }
});
