// Dates of traces, where `Date` has them and beyond.
import { expect, it } from "vitest";
import { utcText } from "../../src/kernel/base/time.ts";
import { Random } from "../../tools/oracle/random.ts";

it("a date is that of Date in its years", () => {
  const r = new Random(1);
  for (let n = 0; n < 20_000; n++) {
    const seconds = r.u32() * (1 + r.below(58));
    expect(utcText(seconds)).toBe(new Date(seconds * 1000).toISOString().slice(0, 19));
  }
});

// date -u -d @SECONDS +%Y-%m-%dT%H:%M:%S
it.each([
  [0, "1970-01-01T00:00:00"],
  [951_782_400, "2000-02-29T00:00:00"],
  [253_402_300_800, "10000-01-01T00:00:00"],
  [8_640_000_000_001, "275760-09-13T00:00:01"],
  [1e15, "31690708-07-05T01:46:40"],
  [-1, undefined],
  [2 ** 63, undefined],
])("%d is %s", (seconds, text) => expect(utcText(seconds)).toBe(text));
