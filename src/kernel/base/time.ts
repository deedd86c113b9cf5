// Points in time: seconds and nanoseconds since 1970, because a double cannot hold the sum. Dates in UTC:
// Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.

/** struct timespec: whole seconds since 1970, and nanoseconds below 1e9. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** A sum of times, with nanoseconds below 10^9. */
export const plus = (a: Timespec, b: Timespec): Timespec => {
  const nsec = a.nsec + b.nsec;
  return nsec >= 1e9 ? { sec: a.sec + b.sec + 1, nsec: nsec - 1e9 } : { sec: a.sec + b.sec, nsec };
};

/** The machine's uptime at the start of its first program. Linux has always been up for a while by then. */
export const UPTIME: Timespec = { sec: 100, nsec: 0 };

const DAY = 86_400;
const two = (n: number): string => String(n).padStart(2, "0");
/**
 * Seconds since 1970 as `2020-01-02T00:00:00`. Undefined for negative numbers and for those above 2^53, which
 * are not exact. `Date` refuses years from 275760 on. strace sprinttime().
 */
export const utcText = (seconds: number): string | undefined => {
  if (!(seconds >= 0 && seconds <= Number.MAX_SAFE_INTEGER)) return undefined;
  const days = Math.floor(seconds / DAY);
  const rest = seconds - days * DAY;
  // Eras of 400 years, which begin with March.
  const era = Math.floor((days + 719_468) / 146_097);
  const day = days + 719_468 - era * 146_097;
  const year = Math.floor((day - Math.floor(day / 1460) + Math.floor(day / 36_524) - Math.floor(day / 146_096)) / 365);
  const inYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const march = Math.floor((5 * inYear + 2) / 153);
  const month = march < 10 ? march + 3 : march - 9;
  const date = `${year + era * 400 + (month <= 2 ? 1 : 0)}-${two(month)}-${two(inYear - Math.floor((153 * march + 2) / 5) + 1)}`;
  return `${date}T${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`;
};
