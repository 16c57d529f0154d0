/** Requests about a part of an object: status, scale, binding, eviction, token, finalize, log, proxy. */
import { type Backend, viewOf } from "./backend.ts";
import { bindPod } from "./binding.ts";
import { asKind, readBody, readObject } from "./body.ts";
import { deleteObject, deleteOptions } from "./delete.ts";
import { badRequest, methodNotAllowed, notFound, success } from "./errors.ts";
import { requireName } from "./identity.ts";
import type { KindInfo, SubresourceInfo } from "./kinds.ts";
import { podLog } from "./kubelet_proxy.ts";
import { answer } from "./negotiate.ts";
import { type ApiObject, at, type JsonObject } from "./object.ts";
import { writeOptions } from "./options.ts";
import { patchObject, readPatch } from "./patch_write.ts";
import { podExec } from "./pod_exec.ts";
import { podProxy } from "./pod_proxy.ts";
import { refuseStream } from "./pod_streams.ts";
import { answerOne } from "./respond.ts";
import { requestToken } from "./reviews.ts";
import type { RoutedRequest } from "./route.ts";
import { fromScale, toScale } from "./scale.ts";
import { applyPatch } from "./semantics.ts";
import type { Stored } from "./stored.ts";
import { updateObject } from "./update.ts";

const VERBS: Record<string, string> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};

/** Answers a request about a subresource. */
export async function subresourceRequest(
  backend: Backend,
  routed: RoutedRequest,
): Promise<Response> {
  const { request, query, route } = routed;
  const { kind, namespace = "", name = "", subresource = "" } = route;
  const info = kind.subresources[subresource];
  if (subresource === "proxy") return await podProxy(backend, { namespace, name }, request);
  if (subresource === "exec") return await podExec(backend, { namespace, name }, request);
  if (!info) return refuseStream(backend, { namespace, name, subresource }, request);
  const verb = VERBS[request.method] ?? "";
  if (!info.verbs.includes(verb)) throw methodNotAllowed();
  switch (subresource) {
    case "log":
      return await podLog(backend, { namespace, name }, query);
    case "binding":
      return bind(
        backend,
        routed,
        await readObject(request, { apiVersion: "v1", kind: "Binding" }),
      );
    case "eviction":
      return await evict(backend, routed);
    case "token": {
      const sent = await readObject(request, groupKind(info));
      return answer(requestToken(backend, { namespace, name }, sent), 201);
    }
    case "scale":
      return await scale(backend, routed);
    case "finalize":
      return await finalize(backend, routed);
    default:
      return await status(backend, routed);
  }
}

function groupKind(info: SubresourceInfo): { apiVersion: string; kind: string } {
  const apiVersion = info.group ? `${info.group}/${info.version}` : info.version;
  return { apiVersion, kind: info.kind };
}

function find(backend: Backend, kind: KindInfo, namespace: string, name: string): Stored {
  const stored = backend.store.get(kind.storage, namespace, name);
  if (!stored) throw notFound(kind, name);
  return stored;
}

async function status(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace = "", name = "", subresource = "" } = route;
  if (request.method === "GET") {
    return answerOne(kind, find(backend, kind, namespace, name), { request, query });
  }
  if (request.method === "PATCH") {
    const patch = await readPatch(request, query);
    const options = writeOptions("PatchOptions", query, request.headers);
    const { stored } = patchObject(backend, kind, { namespace, name, subresource, options, patch });
    return answerOne(kind, stored, { request, query, warnings: options.warnings });
  }
  const object = await readObject(request, kind);
  requireName(object, name);
  const options = writeOptions("UpdateOptions", query, request.headers);
  const change = () => object;
  const stored = updateObject(backend, kind, { namespace, name, subresource, options, change });
  return answerOne(kind, stored, { request, query, warnings: options.warnings });
}

/** Binds a pod to the node that a Binding names. */
export function bind(backend: Backend, routed: RoutedRequest, binding: ApiObject): Response {
  const { request, query, route } = routed;
  const { namespace = "", name = binding.metadata.name ?? "" } = route;
  if (binding.metadata.name !== name) {
    throw badRequest("name in URL does not match name in Binding object");
  }
  const options = writeOptions("CreateOptions", query, request.headers);
  bindPod(backend, binding, { namespace, name, options });
  return answer(success(201), 201);
}

/** Clients send either version of the policy group. */
async function readEviction(request: Request): Promise<ApiObject> {
  const body = await readBody(request);
  const old = at(body, "apiVersion") === "policy/v1beta1";
  return asKind(body, { apiVersion: old ? "policy/v1beta1" : "policy/v1", kind: "Eviction" });
}

async function evict(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace = "", name = "" } = route;
  const eviction = await readEviction(request);
  if (eviction.metadata.name !== name) {
    throw badRequest("name in URL does not match name in Eviction object");
  }
  find(backend, kind, namespace, name);
  const options = deleteOptions(at(eviction, "deleteOptions"), query);
  deleteObject(backend, kind, { namespace, name, options });
  return answer(success(201), 201);
}

async function scale(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, namespace = "", name = "" } = route;
  const SCALE = { apiVersion: "autoscaling/v1", kind: "Scale" };
  if (request.method === "GET") {
    return answer(toScale(find(backend, kind, namespace, name).object));
  }
  let change: (current: ApiObject) => ApiObject;
  if (request.method === "PUT") {
    const sent = await readObject(request, SCALE);
    requireName(sent, name);
    change = (current) => fromScale(current, sent);
  } else {
    const patch = await readPatch(request, query);
    const type = patch.type === "apply" ? "merge" : patch.type;
    change = (current) => {
      const patched = applyPatch(kind, type, { current: toScale(current), patch: patch.body });
      return fromScale(current, asKind(patched, SCALE));
    };
  }
  const options = writeOptions("UpdateOptions", query, request.headers);
  const stored = updateObject(backend, kind, {
    namespace,
    name,
    subresource: "scale",
    options,
    change,
    patch: true,
  });
  return answer(toScale(stored.object));
}

async function finalize(
  backend: Backend,
  { request, query, route }: RoutedRequest,
): Promise<Response> {
  const { kind, name = "" } = route;
  const sent = await readObject(request, kind);
  requireName(sent, name);
  const options = writeOptions("UpdateOptions", query, request.headers);
  const stored = updateObject(backend, kind, {
    namespace: "",
    name,
    subresource: "finalize",
    options,
    change: (current) => {
      const finalizers = at(sent, "spec", "finalizers") ?? [];
      const { resourceVersion } = sent.metadata;
      return {
        ...current,
        metadata: { ...current.metadata, resourceVersion },
        spec: { ...current.spec as JsonObject, finalizers },
      };
    },
  });
  return answer(stored.as(viewOf(kind)).object);
}
