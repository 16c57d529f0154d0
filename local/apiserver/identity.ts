/** Whether a body is about the object that the URL names. */
import { badRequest, type StatusError } from "./errors.ts";
import type { KindInfo } from "./kinds.ts";
import type { ApiObject } from "./object.ts";

/** Throws 400 when the body's name or namespace is not the URL's. */
export function checkIdentity(
  kind: KindInfo,
  object: ApiObject,
  url: { namespace: string; name: string },
): void {
  const { name, namespace } = object.metadata;
  if (name && name !== url.name) throw wrongName(name, url.name);
  if (namespace && namespace !== (kind.namespaced ? url.namespace : "")) throw wrongNamespace();
}

/** Throws 400 when the body of a PUT does not say its name. */
export function requireName(object: ApiObject, name: string): void {
  if (object.metadata.name) return;
  throw badRequest(
    `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
  );
}

/** 400 for a name that is not the URL's. */
export function wrongName(given: string, asked: string): StatusError {
  return badRequest(
    `the name of the object (${given}) does not match the name on the URL (${asked})`,
  );
}

/** 400 for a namespace that is not the URL's. */
export function wrongNamespace(): StatusError {
  return badRequest(
    "the namespace of the provided object does not match the namespace sent on the request",
  );
}
