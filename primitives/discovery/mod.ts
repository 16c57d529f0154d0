/** Who is there. */
export { Discovery, type DiscoveryEvent, type DiscoveryOptions } from "./discovery.ts";
export type { Member, MemberInit } from "./member.ts";
export { Membership } from "./membership.ts";
