// The kinds of campaign, by name. Each is loaded when it is asked for.
import type { Kind } from "./kind.ts";

export const kinds = {
  api: async () => (await import("./api/api.ts")).api,
  bpf: async () => (await import("./bpf.ts")).bpf,
  cache: async () => (await import("./cache.ts")).cache,
  code: async () => (await import("./code/code.ts")).code,
  elf: async () => (await import("./elf.ts")).elf,
  image: async () => (await import("./edge/image.ts")).image,
  lab: async () => (await import("./lab.ts")).lab,
  "net-edge": async () => (await import("./edge/net-edge.ts")).netEdge,
  overlay: async () => (await import("./edge/overlay.ts")).overlay,
  packets: async () => (await import("./packets.ts")).packets,
  "policy-text": async () => (await import("./policy-text.ts")).policyText,
  policy: async () => (await import("./policy.ts")).policy,
  programs: async () => (await import("./programs.ts")).programs,
  recording: async () => (await import("./recording.ts")).recording,
  resources: async () => (await import("./resources.ts")).resources,
  schedule: async () => (await import("./schedule.ts")).schedule,
  starts: async () => (await import("./starts.ts")).starts,
  syscalls: async () => (await import("./syscalls/syscalls.ts")).syscalls,
  tar: async () => (await import("./tar.ts")).tar,
  terminal: async () => (await import("./terminal.ts")).terminal,
  snapshot: async () => (await import("./snapshot.ts")).snapshot,
  tree: async () => (await import("./tree.ts")).tree,
} as const satisfies Record<string, () => Promise<Kind>>;

export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as KindName[];
