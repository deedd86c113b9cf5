// The facts about the machine that a guest sees: host name, time of day, processors.

/** The most processors: /proc/cpuinfo and CPU sets have as many. */
export const MAX_CPUS = 64;
/** sethostname(2): up to 64 bytes. */
const MAX_NAME = 64;
/** The last second that a struct timespec of a 32-bit program can hold. */
const LAST = 2 ** 31 - 1;

/** A host name: printable ASCII without spaces. */
export const isHostname = (name: string): boolean => name.length <= MAX_NAME && /^[!-~]+$/.test(name);

/**
 * Seconds since 1970 of an option `clock`: "now", a number, digits, or an ISO 8601 text, which is UTC without
 * a zone. Undefined: it is none of them, or before 1970 or after 2038.
 */
export const bootTimeOf = (clock: number | string): number | undefined => {
  let time = Number(clock);
  if (clock === "now") time = Date.now() / 1000;
  else if (typeof clock === "string" && !/^\d+$/.test(clock)) {
    if (!/^\d{4}-\d\d-\d\d/.test(clock)) return undefined;
    const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(clock);
    time = Date.parse(hasZone || clock.length === 10 ? clock : `${clock.replace(" ", "T")}Z`) / 1000;
  }
  return time >= 0 && time <= LAST ? Math.floor(time) : undefined;
};

/** Options whose time of day at boot is a number if it was "now": each boot by them has the same one. */
export const withBootTime = <T extends { readonly clock?: number | string }>(options: T): T =>
  options.clock === "now" ? { ...options, clock: bootTimeOf("now") } : options;
