// D3: a tracer changes the number after the check
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("D3: a tracer changes the number after the check", () => {
  it("upstream asks the filter after the tracer", async () => {
    const run = await Machine.run(guest("d3"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("the filter refused getppid in getpid's place\n");
  });
  it("a kernel before 4.8 had asked it already", async () => {
    const run = await Machine.run(guest("d3"), { kernel: "4.5", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("getppid ran in getpid's place\n");
  });
  it("and so had v6", async () => {
    const run = await Machine.run(guest("d3-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("getppid ran in getpid's place\n");
  });
});
