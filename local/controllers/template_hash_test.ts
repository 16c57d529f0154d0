import { match, notStrictEqual, strictEqual } from "node:assert/strict";
import { deployment, replicaSet, template } from "../objects/testdata/builders.ts";
import { findNewest, sameTemplate, TEMPLATE_HASH, templateHash } from "./template_hash.ts";

Deno.test("templateHash() depends on the content alone and fits a label", () => {
  strictEqual(templateHash(template("a")), templateHash(template("a")));
  notStrictEqual(templateHash(template("a")), templateHash(template("b")));
  match(templateHash(template("a")), /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
});

Deno.test("templateHash() differs when a name was taken", () => {
  notStrictEqual(templateHash(template("a"), 1), templateHash(template("a")));
  notStrictEqual(templateHash(template("a"), 1), templateHash(template("a"), 2));
});

Deno.test("sameTemplate() looks past the hash label", () => {
  const labeled = template("a", { app: "web", [TEMPLATE_HASH]: "x" });
  strictEqual(sameTemplate(template("a"), labeled), true);
  strictEqual(sameTemplate(template("b"), labeled), false);
});

Deno.test("findNewest() takes the oldest of those that hold the template", () => {
  const young = replicaSet("young", {}, { meta: { creationTimestamp: "2026-01-02T00:00:00Z" } });
  const old = replicaSet("old", {}, { meta: { creationTimestamp: "2026-01-01T00:00:00Z" } });
  const other = replicaSet("other", { template: template("app:0") });
  strictEqual(findNewest(deployment(), [young, other, old])?.metadata.name, "old");
  strictEqual(findNewest(deployment(), [other]), undefined);
});
