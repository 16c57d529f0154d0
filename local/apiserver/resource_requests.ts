/** Requests about a kind or one object: from a route and a verb to an answer. */
import type { Backend } from "./backend.ts";
import { readBody, readObject } from "./body.ts";
import { createObject } from "./create.ts";
import { deleteObject, deleteOptions } from "./delete.ts";
import { methodNotAllowed, notFound, success } from "./errors.ts";
import { requireName } from "./identity.ts";
import type { KindInfo } from "./kinds.ts";
import { list, pageBytes } from "./list.ts";
import { answer, jsonBytes, negotiate } from "./negotiate.ts";
import { optionalBoolean, readOptions, writeOptions } from "./options.ts";
import { patchObject, readPatch } from "./patch_write.ts";
import { answerOne, frameEncoder, includeObject, pageAs } from "./respond.ts";
import { review } from "./reviews.ts";
import type { RoutedRequest } from "./route.ts";
import { parseSelector, type Selector } from "./selectors.ts";
import { bind, subresourceRequest } from "./subresources.ts";
import { updateObject } from "./update.ts";
import { WatchStream } from "./watch_stream.ts";

/** Answers a request about objects. */
export async function resourceRequest(backend: Backend, routed: RoutedRequest): Promise<Response> {
  const { request, route } = routed;
  if (route.subresource) return await subresourceRequest(backend, routed);
  if (route.name === undefined) {
    if (request.method === "GET") return readMany(backend, routed);
    if (request.method === "POST") return await create(backend, routed);
    if (request.method === "DELETE") return await deleteMany(backend, routed);
    throw methodNotAllowed();
  }
  switch (request.method) {
    case "GET":
      if (route.watch) return readMany(backend, routed);
      return get(backend, routed);
    case "PUT":
      return await replace(backend, routed);
    case "PATCH":
      return await patch(backend, routed);
    case "DELETE":
      return await deleteOne(backend, routed);
    default:
      throw methodNotAllowed();
  }
}

function requireVerb(kind: KindInfo, verb: string): void {
  if (!kind.verbs.includes(verb)) throw methodNotAllowed();
}

function get(backend: Backend, { request, query, route }: RoutedRequest): Response {
  const { kind, namespace = "", name = "" } = route;
  requireVerb(kind, "get");
  const stored = backend.store.get(kind.storage, namespace, name);
  if (!stored) throw notFound(kind, name);
  return answerOne(kind, stored, { request, query });
}

function readMany(backend: Backend, { request, query, route }: RoutedRequest): Response {
  const { kind, namespace, name } = route;
  const watch = route.watch || (optionalBoolean(query, "watch") ?? false);
  requireVerb(kind, watch ? "watch" : "list");
  if (name !== undefined) query.append("fieldSelector", `metadata.name=${name}`);
  const form = negotiate(request.headers.get("accept"));
  const options = readOptions(query, watch);
  const selector: Selector = parseSelector(kind, query);
  const where = namespace === undefined ? {} : { namespace };
  if (watch) {
    const encoder = frameEncoder(kind, form, includeObject(query));
    const stream = new WatchStream(backend, kind, { ...where, selector, options, encoder });
    return jsonBytes(stream.body);
  }
  const page = list(backend, kind, { ...where, selector, options });
  if (form.as === "object" && !form.yaml) return jsonBytes(pageBytes(kind, page));
  return answer(pageAs(kind, page, { form, include: includeObject(query) }), 200, form);
}

async function create(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace } = route;
  requireVerb(kind, "create");
  if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
  const object = await readObject(request, kind);
  if (kind.verbs.length === 1 && kind.kind !== "Binding") {
    return answer(review(kind.kind, object), 201);
  }
  if (kind.kind === "Binding") {
    return bind(backend, { request, query, route }, object);
  }
  const options = writeOptions("CreateOptions", query, request.headers);
  const where = namespace === undefined ? {} : { namespace };
  const stored = createObject(backend, kind, { ...where, object, options });
  return answerOne(kind, stored, { request, query, code: 201, warnings: options.warnings });
}

async function replace(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace = "", name = "" } = route;
  requireVerb(kind, "update");
  const object = await readObject(request, kind);
  requireName(object, name);
  const options = writeOptions("UpdateOptions", query, request.headers);
  if (kind.createOnUpdate && !backend.store.get(kind.storage, namespace, name)) {
    if (object.metadata.resourceVersion || object.metadata.uid) throw notFound(kind, name);
    const stored = createObject(backend, kind, { namespace, name, object, options });
    return answerOne(kind, stored, { request, query, code: 201, warnings: options.warnings });
  }
  const stored = updateObject(backend, kind, { namespace, name, options, change: () => object });
  return answerOne(kind, stored, { request, query, warnings: options.warnings });
}

async function patch(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace = "", name = "" } = route;
  requireVerb(kind, "patch");
  const sent = await readPatch(request, query);
  const options = writeOptions("PatchOptions", query, request.headers);
  const done = patchObject(backend, kind, { namespace, name, options, patch: sent });
  return answerOne(kind, done.stored, {
    request,
    query,
    code: done.created ? 201 : 200,
    warnings: options.warnings,
  });
}

/** Why a deletion that says nothing of dependents may surprise. */
const ORPHANS = "child pods are preserved by default when jobs are deleted; set " +
  "propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this " +
  "warning";

async function deleteOne(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace = "", name = "" } = route;
  requireVerb(kind, "delete");
  const body = await readBody(request);
  const options = deleteOptions(body, query);
  const warnings = kind.orphansByDefault && !options.propagationPolicy ? [ORPHANS] : [];
  const { stored, done } = deleteObject(backend, kind, { namespace, name, options });
  if (!done || kind.returnsDeleted) return answerOne(kind, stored, { request, query, warnings });
  const { uid } = stored.object.metadata;
  const details = {
    name,
    ...(kind.group ? { group: kind.group } : {}),
    kind: kind.plural,
    ...(uid ? { uid } : {}),
  };
  return answer(success(200, details));
}

async function deleteMany(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace } = route;
  requireVerb(kind, "deletecollection");
  if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
  const body = await readBody(request);
  const options = deleteOptions(body, query);
  const selector = parseSelector(kind, query);
  const where = namespace === undefined ? {} : { namespace };
  const page = list(backend, kind, { ...where, selector, options: readOptions(query, false) });
  for (const { namespace, name } of page.items) {
    deleteObject(backend, kind, { namespace, name, options });
  }
  return jsonBytes(pageBytes(kind, page));
}
