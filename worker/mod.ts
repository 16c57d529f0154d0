/**
 * A worker: one process of a workload, which implements the application's logic.
 *
 * @module
 */
export {
  commandContract,
  type CommandExited,
  type CommandSpecs,
  type SchemaOf,
} from "./command/command_contract.ts";
export type { CommandErrorData } from "./command/command_error.ts";
export type { Json } from "../messaging/mod.ts";
export type { ProgramExit } from "./command/program.ts";
export type { ErrorHandler, Handler } from "../runtime/mod.ts";
export type { WorkerEvent } from "./events.ts";
export type { Implemented } from "./messaging/implemented.ts";
export type { PeerEvent } from "./messaging/peers.ts";
export type { ImplementOptions } from "./messaging/worker_messages.ts";
export type { WorkerOptions } from "./options.ts";
export { type ServeHandler, Worker, type WorkerStartOptions } from "./worker.ts";
