/**
 * Functions that remember how they were called.
 *
 * @module
 */
export {
  assertSpyCall,
  assertSpyCallArg,
  assertSpyCallArgs,
  assertSpyCallAsync,
  assertSpyCalls,
  type ExpectedSpyCall,
} from "./mock_asserts.ts";
export {
  type GetParametersFromProp,
  type GetReturnFromProp,
  type MethodSpy,
  MockError,
  mockSession,
  mockSessionAsync,
  restore,
  type Spy,
  spy,
  type SpyCall,
  type SpyLike,
  type Stub,
  stub,
} from "./spies.ts";
export { resolvesNext, returnsArg, returnsArgs, returnsNext, returnsThis } from "./mock_returns.ts";
