// The kinds of campaign, by name. Each is loaded when it is asked for.
import type { Kind } from "./kind.ts";

export const kinds = {
  syscalls: async () => (await import("./syscalls/syscalls.ts")).syscalls,
} as const satisfies Record<string, () => Promise<Kind>>;

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as KindName[];
