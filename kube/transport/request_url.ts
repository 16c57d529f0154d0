import type { RequestOptions } from "@cloudydeno/kubernetes-client";
import { describeRequest, type RequestInfo } from "./request_info.ts";

/** A server's own path prefix stays; segments that a URL would resolve away are refused. */
export function requestUrl(
  server: string,
  request: Pick<RequestOptions, "path" | "querystring">,
  info: RequestInfo,
): string {
  if (!request.path.startsWith("/") || /\/(\.|%2e){1,2}(\/|\?|$)/i.test(request.path)) {
    throw new TypeError(`Cannot ${describeRequest(info)}: path "${request.path}" is not valid`);
  }
  const query = request.querystring?.toString();
  const joint = request.path.includes("?") ? "&" : "?";
  return server + request.path + (query ? joint + query : "");
}
