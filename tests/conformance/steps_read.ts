/** Lists, selectors, pages and watches. */
import type { Step } from "./step.ts";

const MAPS = "/api/v1/namespaces/{ns}/configmaps";

function make(name: string, labels: Record<string, string>): Step {
  return {
    name: `read: make ${name}`,
    method: "POST",
    path: MAPS,
    body: { metadata: { name, labels } },
  };
}

function select(selector: string): Step {
  return {
    name: `list: labels ${selector}`,
    path: `${MAPS}?labelSelector=${encodeURIComponent(selector)}`,
  };
}

function fields(plural: string, selector: string, compare?: Step["compare"]): Step {
  return {
    name: `list: fields of ${plural} ${selector}`,
    path: `/api/v1/namespaces/{ns}/${plural}?fieldSelector=${encodeURIComponent(selector)}`,
    ...(compare ? { compare, because: "the words changed" } : {}),
  };
}

/** Steps. */
export const READ_STEPS: Step[] = [
  {
    name: "read: start",
    path: `${MAPS}?limit=1`,
    compare: "code",
    save: { startVersion: "metadata.resourceVersion" },
  },
  make("r1", { set: "r", tier: "a", n: "1" }),
  make("r2", { set: "r", tier: "b", n: "2" }),
  make("r3", { set: "r", n: "3" }),
  {
    name: "list: all of one label",
    path: `${MAPS}?labelSelector=set%3Dr`,
    save: { listVersion: "metadata.resourceVersion" },
  },
  select("set=r,tier"),
  select("set=r,!tier"),
  select("set=r,tier!=a"),
  select("set==r,tier in (a, b)"),
  select("set=r,tier notin (a)"),
  select("set=r,n>1"),
  select("set=r,n<3"),
  { ...select("set=r,tier in a"), compare: "reason" },
  { ...select("set=r,=a"), compare: "reason" },
  { ...select("a b"), compare: "reason" },
  fields("configmaps", "metadata.name=r1"),
  fields("configmaps", "metadata.name!=r1,metadata.namespace={ns}", "code"),
  fields("configmaps", "data.k=v", "reason"),
  fields("secrets", "type=Opaque", "code"),
  fields("pods", "spec.nodeName=x,status.phase!=Running"),
  fields("pods", "spec.foo=x", "reason"),
  fields("events", "involvedObject.name=x,reason=y"),
  {
    name: "list: as metadata",
    path: `${MAPS}?labelSelector=set%3Dr`,
    accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
  },
  {
    name: "list: first page",
    path: `${MAPS}?labelSelector=set%3Dr&limit=2`,
    save: { next: "metadata.continue" },
  },
  { name: "list: second page", path: `${MAPS}?labelSelector=set%3Dr&limit=2&continue={next}` },
  {
    name: "list: first page of all",
    path: "/api/v1/namespaces/{ns}/configmaps?limit=2",
    save: { next: "metadata.continue" },
  },
  {
    name: "list: write between pages",
    method: "PATCH",
    path: `${MAPS}/r3`,
    type: "application/merge-patch+json",
    body: { data: { between: "pages" } },
  },
  {
    name: "list: second page is of the first's revision",
    path: `${MAPS}?limit=500&continue={next}`,
  },
  {
    name: "list: a bad token",
    path: `${MAPS}?limit=2&continue=xyz`,
    compare: "reason",
    because: "words",
  },
  {
    name: "list: a token and a version",
    path: `${MAPS}?limit=2&continue={next}&resourceVersion=1`,
  },
  {
    name: "list: exactly at an old revision",
    path: `${MAPS}?labelSelector=set%3Dr&resourceVersion={listVersion}&resourceVersionMatch=Exact`,
  },
  {
    name: "list: not older than",
    path:
      `${MAPS}?labelSelector=set%3Dr&resourceVersion={listVersion}&resourceVersionMatch=NotOlderThan`,
  },
  {
    name: "list: match without version",
    path: `${MAPS}?resourceVersionMatch=Exact`,
  },
  {
    name: "list: exactly at any",
    path: `${MAPS}?resourceVersionMatch=Exact&resourceVersion=0`,
    compare: "reason",
    because: "Exact is written small",
  },
  {
    name: "list: unknown match",
    path: `${MAPS}?resourceVersionMatch=About&resourceVersion=1`,
    compare: "reason",
    because: "the list of values is written otherwise",
  },
  {
    name: "watch: from the start",
    path: `${MAPS}?watch=true&resourceVersion={startVersion}&labelSelector=set%3Dr`,
    events: 4,
  },
  {
    name: "watch: from no version",
    path: `${MAPS}?watch=1&labelSelector=set%3Dr`,
    events: 3,
  },
  {
    name: "watch: from version 0",
    path: `${MAPS}?watch=1&resourceVersion=0&labelSelector=set%3Dr`,
    events: 3,
  },
  {
    name: "watch: relabel r1",
    method: "PATCH",
    path: `${MAPS}/r1`,
    type: "application/merge-patch+json",
    body: { metadata: { labels: { tier: "b" } } },
  },
  { name: "watch: delete r2", method: "DELETE", path: `${MAPS}/r2` },
  {
    name: "watch: what starts to match is added, what is deleted is deleted",
    path: `${MAPS}?watch=true&resourceVersion={listVersion}&labelSelector=tier%3Db`,
    events: 2,
  },
  {
    name: "watch: what stops matching is deleted",
    path: `${MAPS}?watch=true&resourceVersion={listVersion}&labelSelector=tier%3Da`,
    events: 1,
  },
  {
    name: "watch: one name",
    path: `${MAPS}?watch=true&resourceVersion={startVersion}&fieldSelector=metadata.name%3Dr1`,
    events: 2,
  },
  {
    name: "watch: by the old path",
    path: `/api/v1/watch/namespaces/{ns}/configmaps/r1?resourceVersion={startVersion}`,
    events: 2,
  },
  {
    name: "watch: as tables",
    path: `${MAPS}?watch=true&resourceVersion={startVersion}&fieldSelector=metadata.name%3Dr1`,
    accept: "application/json;as=Table;g=meta.k8s.io;v=v1",
    events: 1,
    compare: "code",
    because: "columns have their own tests",
  },
  {
    name: "watch: bad selector",
    path: `${MAPS}?watch=true&fieldSelector=data%3Dx`,
    compare: "reason",
    because: "words",
  },
];
