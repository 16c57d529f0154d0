/** Reads of many objects: whole, by pages at one revision, or at a given revision. */
import type { Backend } from "./backend.ts";
import { viewOf } from "./backend.ts";
import type { ListKey } from "./collection.ts";
import { badRequest, expired, type StatusError, versionTooLarge } from "./errors.ts";
import type { KindInfo } from "./kinds.ts";
import type { ReadOptions } from "./options.ts";
import type { Selector } from "./selectors.ts";
import { concat, encodeJson, type Stored } from "./stored.ts";

/** One page of a list. */
export interface Page {
  readonly items: readonly Stored[];
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

interface Cursor {
  /** 0: whatever is present, when the page's own revision is compacted. */
  revision: number;
  after: ListKey;
}

/** Lists what a selector matches. */
export function list(
  backend: Backend,
  kind: KindInfo,
  input: { namespace?: string; selector: Selector; options: ReadOptions },
): Page {
  const { store } = backend;
  const { selector, options } = input;
  const collection = store.collection(kind.storage);
  const namespace = input.namespace ?? selector.namespace;
  const cursor = options.continueToken ? decodeCursor(options.continueToken) : undefined;
  let revision = cursor?.revision || store.revision;
  const asked = options.resourceVersion ?? 0;
  if (asked > store.revision) throw versionTooLarge(asked, store.revision);
  if (!cursor && asked > 0 && isExact(options)) revision = asked;
  if (revision > store.revision) throw badRequest("continue key is not valid: from the future");
  if (revision < collection.history.compacted) throw tooOld(cursor);

  const range = {
    ...(namespace === undefined ? {} : { namespace }),
    ...(cursor ? { after: cursor.after } : {}),
  };
  const source = namespace !== undefined && selector.name !== undefined && !cursor &&
      revision === store.revision
    ? one(collection.get(namespace, selector.name))
    : collection.rangeAt(revision, range);
  const { limit } = options;
  const items: Stored[] = [];
  let last: Stored | undefined;
  let remaining = 0;
  for (const stored of source) {
    if (limit > 0 && items.length === limit) {
      if (!selector.everything && !selector.matches(stored.object)) continue;
      remaining++;
      if (!selector.everything) break;
    } else if (selector.everything || selector.matches(stored.object)) {
      items.push(stored);
      last = stored;
    }
  }
  const metadata = {
    resourceVersion: String(revision),
    ...(remaining > 0 && last ? { continue: encodeCursor({ revision, after: last }) } : {}),
    ...(remaining > 0 && selector.everything ? { remainingItemCount: remaining } : {}),
  };
  return { items, metadata };
}

/** Exact as asked; and, as ever, for a limit with a plain resourceVersion. */
function isExact(options: ReadOptions): boolean {
  return options.match === "Exact" || (options.match === "" && options.limit > 0);
}

function* one(stored: Stored | undefined): Generator<Stored> {
  if (stored) yield stored;
}

function encodeCursor(cursor: Cursor): string {
  const { namespace, name } = cursor.after;
  const start = `${namespace}/${name}\0`;
  const text = JSON.stringify({ v: "meta.k8s.io/v1", rv: cursor.revision || -1, start });
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function decodeCursor(token: string): Cursor {
  try {
    const text = atob(token.replaceAll("-", "+").replaceAll("_", "/"));
    const { v, rv, start } = JSON.parse(text);
    const match = /^([^/]*)\/([^/]+)\0$/.exec(start);
    if (v !== "meta.k8s.io/v1" || !Number.isSafeInteger(rv) || !match) throw new Error(text);
    return {
      revision: Math.max(0, rv),
      after: { namespace: match[1] as string, name: match[2] as string },
    };
  } catch {
    throw badRequest("continue key is not valid: it was not made by this server");
  }
}

function tooOld(cursor: Cursor | undefined): StatusError {
  if (!cursor) return expired("The resourceVersion for the provided list is too old.");
  const error = expired(
    "The provided continue parameter is too old to display a consistent list result. " +
      "You can start a new list without the continue parameter, or use the continue token in " +
      "this response to retrieve the remainder of the results. Continuing with the provided " +
      "token results in an inconsistent list - objects that were created, modified, or deleted " +
      "between the time the first chunk was returned and now may show up in the list.",
  );
  error.status.metadata.continue = encodeCursor({ revision: 0, after: cursor.after });
  return error;
}

const BETWEEN = new TextEncoder().encode(",");
const END = new TextEncoder().encode("]}\n");

/** A page as JSON bytes, from the items' own bytes. */
export function pageBytes(kind: KindInfo, page: Page): Uint8Array {
  const head = encodeJson({
    kind: `${kind.kind}List`,
    apiVersion: kind.apiVersion,
    metadata: page.metadata,
    items: [],
  });
  const parts: Uint8Array[] = [head.subarray(0, head.length - 2)];
  const view = viewOf(kind);
  page.items.forEach((stored, index) => {
    if (index > 0) parts.push(BETWEEN);
    parts.push(...stored.as(view).itemBytes());
  });
  parts.push(END);
  return concat(parts);
}
