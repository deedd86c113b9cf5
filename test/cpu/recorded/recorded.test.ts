// Instructions do what a processor did when it was asked: on any host, against test/cpu/recorded/amd.bin.gz (tools/oracle/recorded.ts).
import { beforeAll, describe, expect, it } from "vitest";
import { freshCode } from "../../../tools/oracle/code.ts";
import { replay, total } from "../../../tools/oracle/conform.ts";
import { Emulator } from "../../../tools/oracle/emulate.ts";
import { type Recording, recorded, subjects } from "../../../tools/oracle/recorded.ts";
import { familyOf } from "../../../tools/oracle/run.ts";

describe("instructions, against what was recorded", () => {
  let emulator: Emulator;
  let recording: Recording;
  beforeAll(async () => {
    recording = recorded("amd");
    emulator = new Emulator(await freshCode(), "handlers");
  });

  it("is an AMD processor's", () => {
    expect(recording.header.cpu).toMatch(/^AuthenticAMD family/);
  });
  it.each(subjects.map((s, n) => [s.name, n] as const))("%s", (_name, n) => {
    const { source, made, silicon } = recording.results[n] as Recording["results"][number];
    const { table } = replay(emulator, familyOf(recording.header.cpu), source, made, silicon);
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
