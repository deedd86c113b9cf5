// B5: multiplexers: a second way to each socket call
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B5: multiplexers: a second way to each socket call", () => {
  it("upstream makes a socket through socketcall", async () => {
    const run = await Machine.run(guest("b5"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("made a socket through socketcall\n");
  });
  it("upstream refuses socketcall once it is named", async () => {
    const run = await Machine.run(guest("b5-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("socketcall was refused\n");
  });
  it("v6 sees no deeper", async () => {
    const run = await Machine.run(guest("b5-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("made a socket through socketcall\n");
  });
});
