/** What stands in the record of a barrier, and what becomes of it by each step. */
import { z } from "zod";

/** Of how many generations the parties are kept, for those that have not heard yet that theirs has opened. */
const KEPT_GENERATIONS = 2;

const partySchema = z.object({
  id: z.string().min(1),
  /** Name of the session by which others find out that it is gone. */
  session: z.string().min(1),
  /** Whether it has said that it is there since the last one came. */
  confirmed: z.boolean(),
});

/** One call of `arrive`. */
export type Party = z.output<typeof partySchema>;

/** See {@linkcode BarrierState}. */
export const barrierSchema = z.object({
  /** Of the object: who finds another one knows that what it knew was deleted. Empty if there is none. */
  made: z.string(),
  /** How many open it. */
  parties: z.int().min(0),
  /** How often it has opened. */
  generation: z.int().min(0),
  /** In the order of their arrival. The first ones, as many as open it, are the present generation. */
  waiting: z.array(partySchema),
  /** Ids of those who were in the last generations that opened, the last one last. */
  opened: z.array(z.array(z.string())),
});

/** The record. */
export type BarrierState = z.output<typeof barrierSchema>;

/** The record while there is none. */
export const NO_BARRIER: BarrierState = {
  made: "",
  parties: 0,
  generation: 0,
  waiting: [],
  opened: [],
};

/** How a party left the barrier: which opening it was, from 1, and its place in the order of arrival, from 0. */
export interface Arrival {
  /** Which opening of the barrier it was; the first one is 1. All parties of it are told the same. */
  readonly generation: number;
  /** Which arrival of this generation it was, from 0: one party of each generation has 0. */
  readonly index: number;
}

/** Where a party is. */
export type Place =
  | { readonly type: "opened"; readonly arrival: Arrival }
  /** `isDue`: it is to confirm now. */
  | { readonly type: "waiting"; readonly party: Party; readonly isDue: boolean }
  | { readonly type: "missing" };

/** Finds a party. */
export function placeOf(state: BarrierState, id: string): Place {
  const position = state.waiting.findIndex((it) => it.id === id);
  if (position >= 0) {
    const party = state.waiting[position]!;
    const isDue = isFull(state) && position < state.parties && !party.confirmed;
    return { type: "waiting", party, isDue };
  }
  const oldest = state.generation - state.opened.length + 1;
  for (const [i, ids] of state.opened.entries()) {
    const index = ids.indexOf(id);
    if (index >= 0) return { type: "opened", arrival: { generation: oldest + i, index } };
  }
  return { type: "missing" };
}

/** Whether all may have come. */
export function isFull({ waiting, parties }: BarrierState): boolean {
  return parties > 0 && waiting.length >= parties;
}

/** Adds a party at the end. Who completes a generation need not confirm. */
export function withParty(
  state: BarrierState,
  { id, session }: { id: string; session: string },
): BarrierState {
  const confirmed = state.waiting.length === state.parties - 1;
  return opening({ ...state, waiting: [...state.waiting, { id, session, confirmed }] });
}

/** Lets a party say that it is there, by the session that it has now. */
export function withConfirmed(state: BarrierState, id: string, session: string): BarrierState {
  const { isDue } = placeOf(state, id) as { isDue?: boolean };
  const waiting = state.waiting.map((it) =>
    it.id === id ? { ...it, session, confirmed: it.confirmed || isDue === true } : it
  );
  return opening({ ...state, waiting });
}

/** Takes parties away. If they were of the present generation, the others have to confirm again. */
export function without(
  state: BarrierState,
  isOut: (party: Party) => boolean,
): BarrierState | undefined {
  const waiting = state.waiting.filter((it) => !isOut(it));
  if (waiting.length === state.waiting.length) return undefined;
  const isSame = state.waiting.slice(0, state.parties).every((it) => !isOut(it));
  return { ...state, waiting: isSame ? waiting : waiting.map(unconfirmed) };
}

/**
 * Whose sessions a party is to watch when not all confirm: all those who have not, if it is the first of
 * those who seem to live; else the one of them before it. So n parties cost n watches, and somebody
 * finds each who died while one lives.
 */
export function suspectsOf(state: BarrierState, id: string): string[] {
  if (!isFull(state)) return [];
  const present = state.waiting.slice(0, state.parties);
  const living = [...present.filter((it) => it.confirmed), ...state.waiting.slice(state.parties)];
  const position = living.findIndex((it) => it.id === id);
  if (position < 0) return []; // it is to confirm itself
  const suspects = position === 0 ? present.filter((it) => !it.confirmed) : [living[position - 1]!];
  const own = living[position]!.session;
  return [...new Set(suspects.map(({ session }) => session))].filter((it) => it !== own);
}

/** Opens when all have confirmed. */
function opening(state: BarrierState): BarrierState {
  const { parties, generation, waiting, opened } = state;
  const present = waiting.slice(0, parties);
  if (present.length < parties || !present.every((it) => it.confirmed)) return state;
  return {
    ...state,
    generation: generation + 1,
    waiting: waiting.slice(parties).map(unconfirmed),
    opened: [...opened, present.map(({ id }) => id)].slice(-KEPT_GENERATIONS),
  };
}

function unconfirmed(party: Party): Party {
  return { ...party, confirmed: false };
}
