// Common names of points in the history of seccomp's rules.

/** Versions by their common names. */
export const aliases = { v6: "patch:v6", merged: "3.5", upstream: "6.12" } as const;

/** The version with that common name; undefined if it is none. */
export const versionOfAlias = (name: string): string | undefined =>
  Object.hasOwn(aliases, name) ? aliases[name as keyof typeof aliases] : undefined;
