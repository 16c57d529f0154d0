/** Small values that processes share: the core that the primitives are made of. */
export { type RecordDefinition, RecordError } from "./record_object.ts";
export type { Versioned } from "./record_view.ts";
export { Records } from "./records.ts";
export { SharedRecord } from "./shared_record.ts";
export { UnknownOutcomeError } from "./unknown_outcome_error.ts";
