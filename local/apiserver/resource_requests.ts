/** Requests about a kind or one object: from a route and a verb to an answer. */
import { type Backend, viewOf } from "./backend.ts";
import { readBody, readObject } from "./body.ts";
import { createObject } from "./create.ts";
import { deleteObject, deleteOptions } from "./delete.ts";
import { methodNotAllowed, notFound, success } from "./errors.ts";
import { requireName } from "./identity.ts";
import type { KindInfo } from "./kinds.ts";
import { list, type Page, pageBytes } from "./list.ts";
import { answer, type Form, jsonBytes, negotiate, partialMetadata } from "./negotiate.ts";
import { optionalBoolean, readOptions, writeOptions } from "./options.ts";
import { patchObject, readPatch } from "./patch_write.ts";
import { review } from "./reviews.ts";
import type { Route } from "./route.ts";
import { parseSelector, type Selector } from "./selectors.ts";
import { tableOf } from "./semantics.ts";
import { encodeFrame, type Stored } from "./stored.ts";
import { bind, subresourceRequest } from "./subresources.ts";
import { updateObject } from "./update.ts";
import { type FrameEncoder, WatchStream, wholeObjects } from "./watch_stream.ts";

/** A request with its route. */
export interface RoutedRequest {
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly route: Route;
}

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

/** Answers one object in the form that the client accepts. */
export function answerOne(
  kind: KindInfo,
  stored: Stored,
  input: { request: Request; query: URLSearchParams; code?: number; warnings?: readonly string[] },
): Response {
  const form = negotiate(input.request.headers.get("accept"));
  const { code = 200 } = input;
  const own = stored.as(viewOf(kind));
  let response: Response;
  if (form.as === "object" && !form.yaml) response = jsonBytes(own.bytes(), code);
  else if (form.as === "object") response = answer(own.object, code, form);
  else if (form.as === "partial") response = answer(partialMetadata(own.object), code, form);
  else {
    const table = tableOf(kind, [own.object], includeObject(input.query));
    const { resourceVersion } = own.object.metadata;
    response = answer({ ...table, metadata: { resourceVersion } }, code, form);
  }
  addWarnings(response, input.warnings ?? []);
  return response;
}

/** Adds Warning headers. */
export function addWarnings(response: Response, warnings: readonly string[]): void {
  for (const text of new Set(warnings)) {
    const quoted = text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
    response.headers.append("warning", `299 - "${quoted}"`);
  }
}

function includeObject(query: URLSearchParams): "None" | "Metadata" | "Object" {
  const asked = query.get("includeObject");
  return asked === "None" || asked === "Object" ? asked : "Metadata";
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
    const encode = frameEncoder(kind, form, includeObject(query));
    const { signal } = request;
    const stream = new WatchStream(backend, kind, { ...where, selector, options, encode, signal });
    return jsonBytes(stream.body);
  }
  const page = list(backend, kind, { ...where, selector, options });
  if (form.as === "object" && !form.yaml) return jsonBytes(pageBytes(kind, page));
  return answer(pageAs(kind, page, { form, include: includeObject(query) }), 200, form);
}

function pageAs(
  kind: KindInfo,
  page: Page,
  options: { form: Form; include: "None" | "Metadata" | "Object" },
): unknown {
  const objects = page.items.map((stored) => stored.as(viewOf(kind)).object);
  const { metadata } = page;
  if (options.form.as === "table") return { ...tableOf(kind, objects, options.include), metadata };
  if (options.form.as === "partial") {
    return {
      kind: "PartialObjectMetadataList",
      apiVersion: "meta.k8s.io/v1",
      metadata,
      items: objects.map(partialMetadata),
    };
  }
  const items = objects.map(({ kind: _, apiVersion: __, ...rest }) => rest);
  return { kind: `${kind.kind}List`, apiVersion: kind.apiVersion, metadata, items };
}

function frameEncoder(
  kind: KindInfo,
  form: Form,
  include: "None" | "Metadata" | "Object",
): FrameEncoder {
  if (form.as === "object") return wholeObjects(kind);
  const shape = (stored: Stored) => stored.as(viewOf(kind)).object;
  if (form.as === "partial") {
    return (type, stored) => encodeFrame(type, partialMetadata(shape(stored)));
  }
  let first = true;
  return (type, stored) => {
    const object = shape(stored);
    const table = tableOf(kind, [object], include);
    // Columns are told once.
    if (!first) table.columnDefinitions = null;
    first = false;
    const { resourceVersion } = object.metadata;
    return encodeFrame(type, { ...table, metadata: { resourceVersion } });
  };
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

async function deleteOne(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace = "", name = "" } = route;
  requireVerb(kind, "delete");
  const body = await readBody(request);
  const options = deleteOptions(body, query);
  const { stored, done } = deleteObject(backend, kind, { namespace, name, options });
  if (!done || kind.returnsDeleted) return answerOne(kind, stored, { request, query });
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
