// `--cpu host`, and models with added and removed features. The judge is the host's own /proc/cpuinfo.
import { readFileSync } from "node:fs";
import { Machine } from "trapgate";
import { hostCpu } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { cpuModel } from "../../src/cpu/machine/model.ts";
import { busybox, missing, nativeX64 } from "../support/host.ts";

const program = busybox("amd64");
const lines = (text: string, name: string): string => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(text)?.[1] ?? "";
const seen = async (cpu: string): Promise<string> => {
  const run = await Machine.run(readFileSync(program.path), { argv0: "busybox", args: ["cat", "/proc/cpuinfo"], cpu });
  return run.stdout.text;
};

describe.skipIf(missing("the host's processor as a model", program, nativeX64))("models of processors", () => {
  it("host: its numbers, its vendor, and no feature that it lacks", async () => {
    const native = readFileSync("/proc/cpuinfo", "latin1");
    const inside = await seen(hostCpu());
    for (const name of ["vendor_id", "cpu family", "model", "stepping"]) expect(lines(inside, name)).toBe(lines(native, name));
    const [own, theirs] = [inside, native].map((text) => lines(text, "flags").trim().split(" ")) as [string[], string[]];
    expect(own.filter((flag) => !theirs.includes(flag) && flag !== "hypervisor")).toEqual([]);
    for (const flag of ["sse2", "avx2", "bmi2", "aes", "popcnt"]) expect(own.includes(flag)).toBe(theirs.includes(flag));
  });
  it("with features added and removed, and other numbers", async () => {
    const flags = lines(await seen("x86-64-v2:intel,+movbe,-popcnt,family=25"), "flags").split(" ");
    expect(["movbe", "popcnt", "sse4_2"].map((flag) => flags.includes(flag))).toEqual([true, false, true]);
    expect(lines(await seen("x86-64-v2:intel,+movbe,-popcnt,family=25"), "cpu family")).toBe("25");
    for (const wrong of ["x86-64-v2,+nothing", "x86-64-v2,avx2", "x86-64-v2,family=x", "host", "x86-64-v2,"])
      expect(cpuModel(wrong)).toBeUndefined();
  });
});
