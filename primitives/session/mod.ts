/** Whether processes live: the core's part that locks and membership are made of. */
export { Session, SessionLostError } from "./session.ts";
export { Sessions } from "./sessions.ts";
