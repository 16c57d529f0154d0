/**
 * What coordinator and worker have in common as processes: checked options, command-line flags,
 * stop signals, signals made of several, and errors that have no caller. It imports no other room.
 *
 * @module
 */
export { anySignal } from "./any_signal.ts";
export { asError } from "./as_error.ts";
export {
  type CheckOptions,
  checkOptions,
  type Complaint,
  complaints,
  complaintText,
  quote,
} from "./check_options.ts";
export { type ErrorHandler, ErrorReporter } from "./error_reporter.ts";
export {
  type Flag,
  type Flags,
  type FlagValues,
  helpText,
  parseFlags,
  type Program,
  runProgram,
  type RunProgramOptions,
  type Switch,
  UsageError,
} from "./flags.ts";
export {
  DNS_LABEL,
  DNS_NAME,
  dnsLabel,
  dnsName,
  instance,
  namespaceName,
  portNumber,
} from "./schemas.ts";
export { listenAddress } from "./listen_address.ts";
export { HandlerScope } from "./handler_scope.ts";
export { type Handler, SerialHandlers } from "./serial_handlers.ts";
export { OnDemand } from "./on_demand.ts";
export { outside } from "./outside.ts";
export { onStopSignal } from "./stop_signals.ts";
export { variant } from "./variant.ts";
export { within } from "./within.ts";
