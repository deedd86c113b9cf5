// Instructions do what a processor did when it was asked: on any host, each vendor's models against
// test/cpu/recorded (tools/oracle/recorded.ts).
import { beforeAll, describe, expect, it } from "vitest";
import { type Vendor, vendorNames, vendors } from "../../../src/cpu/machine/model.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { replay, total } from "../../../tools/oracle/conform.ts";
import { Emulator } from "../../../tools/oracle/emulate.ts";
import { type Recording, recorded, subjects } from "../../../tools/oracle/recorded.ts";

describe.each(vendors)("instructions, against what was recorded of a processor by %s", (vendor: Vendor) => {
  let emulator: Emulator;
  let recording: Recording;
  beforeAll(async () => {
    recording = recorded(vendor);
    emulator = new Emulator(await freshCode(), "handlers", `max:${vendor}`);
  });

  it("is such a processor's", () => {
    expect(recording.header.cpu.startsWith(`${vendorNames[vendor]} family`)).toBe(true);
  });
  it.each(subjects.map((s, n) => [s.name, n] as const))("%s", (_name, n) => {
    const { source, made, silicon } = recording.results[n] as Recording["results"][number];
    const { table } = replay(emulator, recording.header.cpu, source, made, silicon);
    const wrong = [...table].flatMap(([name, t]) =>
      t.examples.map(
        (x) => `${name}: ${x.code} ${x.text}: ${x.differences.map((d) => `${d.field} ${d.silicon} there, ${d.ours} here`).join("; ")}`,
      ),
    );
    expect(wrong).toEqual([]);
    expect(total(table).cases).toBe(made.cases.count);
    expect(total(table).unjudged).toBeLessThan(made.cases.count / 20);
  });
});
