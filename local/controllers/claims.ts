/**
 * Which objects a controller has: it keeps those that it controls and that its selector
 * selects, releases those that are not selected any more, and adopts what is selected and
 * nobody's.
 *
 * @module
 */
import {
  controlledBy,
  controllerOf,
  isDeleting,
  type Item,
  type Kind,
  type LabelSelector,
  type Meta,
  selects,
  type Write,
} from "../objects/mod.ts";

/** What is claimed, and the writes that make it so. */
export interface Claims<T extends Item> {
  /** What the owner has, with what it adopts and without what it releases. */
  readonly owned: readonly T[];
  readonly adoptions: readonly Write[];
  readonly releases: readonly Write[];
}

/** Decides what `owner` has among `candidates`. */
export function claim<T extends Item>(
  owner: Item & { readonly spec: { readonly selector: LabelSelector } },
  candidates: Iterable<T>,
  { kind }: { kind: Kind<T> },
): Claims<T> {
  const owned: T[] = [];
  const adoptions: Write[] = [];
  const releases: Write[] = [];
  for (const item of candidates) {
    const controller = controllerOf(item);
    const selected = selects(owner.spec.selector, item.metadata.labels);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (selected) owned.push(item);
      else if (!isDeleting(owner)) releases.push(releaseOf(owner, item, kind));
    } else if (selected && !isDeleting(owner) && !isDeleting(item)) {
      owned.push(item);
      adoptions.push(adoptionOf(owner, item, kind));
    }
  }
  return { owned, adoptions, releases };
}

function adoptionOf<T extends Item>(owner: Item, item: T, kind: Kind<T>): Write {
  const others = ownersWithout(owner, item.metadata);
  return refer(item, kind, [...others, controlledBy(owner)]);
}

function releaseOf<T extends Item>(owner: Item, item: T, kind: Kind<T>): Write {
  return refer(item, kind, ownersWithout(owner, item.metadata));
}

function ownersWithout(owner: Item, { ownerReferences = [] }: Meta) {
  return ownerReferences.filter((reference) => reference.uid !== owner.metadata.uid);
}

/** Replaces the list of owners of just this version of the object. */
function refer<T extends Item>(item: T, kind: Kind<T>, owners: Meta["ownerReferences"]): Write {
  const { namespace, name, uid, resourceVersion } = item.metadata;
  const metadata = { uid, resourceVersion, ownerReferences: owners?.length ? owners : null };
  return { verb: "patch", kind, target: { namespace, name }, patch: { metadata } };
}
