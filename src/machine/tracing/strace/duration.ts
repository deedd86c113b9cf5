// A length of time as text, with its unit: `350ns`, `1.25us`, `30ms`, `2.5s`.

const units = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "us"],
  [1, "ns"],
] as const;

/** Three digits and the unit. Empty for 0: the time of a call without a cost says nothing. */
export const durationText = (nanoseconds: number): string => {
  const [scale, unit] = units.find(([least]) => nanoseconds >= least) ?? [1, "ns"];
  const value = nanoseconds / scale;
  return value === 0 ? "" : `${Number(value < 1000 ? value.toPrecision(3) : Math.round(value))}${unit}`;
};

/** Nanoseconds of the host's clock. It differs from run to run. */
export const realNow = (): number => performance.now() * 1e6;
