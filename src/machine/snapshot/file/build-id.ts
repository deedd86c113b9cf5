// The build of this program. `npm run build` puts the hash of all sources in its place, so all doors of one
// package have the same.

/** Undefined: the sources run without a build. */
export const builtFrom: string | undefined = undefined;
