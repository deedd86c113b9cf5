// Times that can be read: virtual time with its unit, instructions of calls, the host's time on request, and
// a clock that agrees with the times of files.
import { utimesSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { durationText } from "../../src/machine/tracing/strace/duration.ts";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { busybox, missing } from "../support/host.ts";

const box = busybox("amd64");

describe("a length of time", () => {
  it.each([
    [0, ""],
    [7, "7ns"],
    [999, "999ns"],
    [1_460, "1.46us"],
    [30_000_000, "30ms"],
    [1.5e9, "1.5s"],
    [4.2e12, "4200s"],
  ])("of %d ns is %j", (nanoseconds, text) => expect(durationText(nanoseconds)).toBe(text));
});

describe.skipIf(missing("times of traces", box))("trace", { timeout: 60_000 }, () => {
  const trace = (...options: string[]): string[] =>
    trapgate(["trace", ...options, box.path, "sh", "-c", "i=0; while [ $i -lt 500 ]; do i=$((i + 1)); done; sleep 2"])
      .stderr.trimEnd()
      .split("\n");

  it("-T shows virtual time with its unit, where it is not 0", () => {
    const lines = trace("-T");
    expect(lines.some((line) => /^(clock_)?nanosleep\(.*\) = 0 <2s>$/.test(line))).toBe(true);
    expect(lines.filter((line) => line.includes("<0"))).toEqual([]);
    expect(lines.filter((line) => line.includes("real"))).toEqual([]);
  });
  it("-r shows virtual time since the line before", () => {
    expect(trace("-r").every((line) => /^(?: {8}| *[\d.]+(?:ns|us|ms|s)) (?:\w+\(|\+\+\+)/.test(line))).toBe(true);
  });
  it("-c is sorted by instructions, which are all of the task's", () => {
    const [head, , ...rows] = trace("-c");
    expect(head).toBe("% instr instructions  per call     time     calls    errors syscall");
    const numbers = rows.slice(0, -2).map((row) => Number(row.slice(8, 20)));
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    expect(numbers[0]).toBeGreaterThan(10_000);
    expect(Number(rows.at(-1)?.slice(8, 20))).toBe(numbers.reduce((a, b) => a + b, 0));
    expect(trace("-c")).toEqual([head, expect.anything(), ...rows]);
  });
  it("--real-time adds the host's time", () => {
    expect(trace("-T", "--real-time").filter((line) => / = .*<.*\d[num]?s real>$/.test(line)).length).toBeGreaterThan(5);
    expect(trace("-c", "--real-time")[0]).toBe("% instr instructions  per call     time     real per call     calls    errors syscall");
  });
});

describe.skipIf(missing("the guest's clock", box))("the guest's clock", { timeout: 60_000 }, () => {
  it("is not before the times of the host's files, and has its own day without them", () =>
    inFolder(async (folder) => {
      writeFileSync(`${folder}/new`, "");
      const time2026 = Date.UTC(2026, 2, 1) / 1000;
      for (const path of [`${folder}/new`, folder]) utimesSync(path, time2026, time2026);
      const time = (...options: string[]): number =>
        Number(trapgate(["run", ...options, box.path, "sh", "-c", "touch /tmp/own; [ /mnt/new -nt /tmp/own ] && exit 1; date +%s"]).stdout);
      const now = time("--mount", `${folder}:/mnt`);
      expect(now).toBe(time2026);
      expect(time()).toBe(1_735_689_600);
      expect(time("--mount", `${folder}:/mnt`, "--clock", "2027-01-01")).toBe(1_798_761_600);
    }));
});
