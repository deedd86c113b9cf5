// The entry "trapgate/vitest": its import adds matchers for runs and policies to vitest's `expect`.
import { expect } from "vitest";
import type { GuestMatchers } from "./matcher-types.ts";
import { policyMatchers } from "./policy-matchers.ts";
import { runMatchers } from "./run-matchers.ts";

export { type GuestOptions, guest } from "./guest.ts";
export { maskTrace } from "./mask.ts";
export type { DeniedOptions, DeniedVerdict, GuestMatchers, HoldOptions } from "./matcher-types.ts";
export { type Prepared, type PreparedOptions, prepared } from "./prepared.ts";
export { type SetUpOptions, setUpGuests } from "./set-up.ts";
export type { TraceLine } from "./trace-lines.ts";

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest declares its interface so
  interface Matchers<T = any> extends GuestMatchers<T> {}
}

// The members of the interface have other parameters for a value that they cannot judge.
expect.extend({ ...runMatchers, ...policyMatchers } as unknown as Parameters<typeof expect.extend>[0]);
