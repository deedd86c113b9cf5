// `trapgate models` lists the models, and their unknown points.
import { describe, expect, it } from "vitest";
import { vendorDifferences } from "../../src/cpu/isa/vendor-differences.ts";
import { modelNames } from "../../src/cpu/machine/model.ts";
import { trapgate } from "../support/cli.ts";

describe("trapgate models", () => {
  it("lists every processor", () => {
    const { stdout, status } = trapgate(["models"]);
    expect(status).toBe(0);
    expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([...modelNames, ""]);
  });
  it("says where a model of Intel's follows AMD because no results of Intel's are recorded", () => {
    const { stdout } = trapgate(["models", "x86-64-v3:intel"]);
    const unsettled = vendorDifferences.filter(({ intel }) => intel === undefined).map(({ what }) => what);
    expect(unsettled.length).toBeGreaterThan(0);
    const told = stdout.split("\n").flatMap((line) => /^(.*): as AMD's, not recorded: ./.exec(line)?.[1] ?? []);
    expect(told).toEqual(unsettled);
    expect(trapgate(["models", "x86-64-v3:amd"]).stdout).not.toContain("not recorded: ");
  });
});
