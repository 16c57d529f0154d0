import type { NodeEvent, NodeEventType, NodeState } from "./node_event.ts";
import type { DeriveOptions } from "./pod_events.ts";
import { sameState } from "./same_state.ts";

/**
 * What a handler is told of a node: from the state that it heard last and the present one.
 *
 * Each thing that changed is an event: that it is cordoned or not, short of something, lost or
 * ready. A state of which something else changed is told by one event, with the type that matters
 * most: `lost`, `pressured`, `cordoned`, `ready` in this order; so is what is replayed.
 *
 * @param before what this handler heard last of this very node; nothing if it is new to it
 */
export function nodeEvents(
  before: NodeState | undefined,
  after: NodeState,
  options: DeriveOptions<NodeEventType> = {},
): NodeEvent[] {
  const { deleted = false, replayed = false } = options;
  const event = (type: NodeEventType): NodeEvent => ({ ...after, kind: "Node", type, replayed });
  if (deleted) return [event("gone")];
  const known = before?.uid === after.uid ? before : undefined;
  if (known === undefined) return [event(typeOf(after))];
  if (sameState(known, after)) return replayed ? [event(typeOf(after))] : [];
  const types = changes(known, after);
  return types.length > 0 ? types.map(event) : [event(typeOf(after))];
}

function changes(before: NodeState, after: NodeState): NodeEventType[] {
  const types: NodeEventType[] = [];
  if (before.cordoned !== after.cordoned) types.push(after.cordoned ? "cordoned" : "uncordoned");
  if (after.pressures.some((pressure) => !before.pressures.includes(pressure))) {
    types.push("pressured");
  }
  if (before.ready !== after.ready) types.push(after.ready ? "ready" : "lost");
  return types;
}

function typeOf(state: NodeState): NodeEventType {
  if (!state.ready) return "lost";
  if (state.pressures.length > 0) return "pressured";
  return state.cordoned ? "cordoned" : "ready";
}
