// A mistake in a line of assembly. The caller that knows the line adds the position.

/** A mistake in a line; `assemble` adds the position. */
export class BadLine extends Error {}
/** Throws a `BadLine`. */
export const bad = (what: string): never => {
  throw new BadLine(what);
};
