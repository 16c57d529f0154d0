/**
 * Handlers that are called at times: for each due time once over all replicas of a coordinator.
 *
 * @module
 */
export type { InterruptedPolicy, MissedPolicy } from "./due.ts";
export {
  checkAt,
  checkCron,
  type CheckedTimer,
  checkEvery,
  type CronTimerOptions,
  type Timer,
  type TimerEvent,
  type TimerOptions,
} from "./timer_options.ts";
export { timerRecord } from "./timer_record.ts";
export { Timers, type TimersOptions } from "./timers.ts";
