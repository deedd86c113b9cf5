// Every x87 instruction gives the processor's bits: results, status word, tags, memory, flags.
import { beforeAll, describe, expect, test } from "vitest";
import { cpuName, identityOf, isStudied } from "../../../tools/oracle/processor.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";
import { nativeVendor } from "../../support/native.ts";
import { compare } from "./compare.ts";
import { operations, transcendental } from "./operations.ts";
import { Fpu } from "./ours.ts";

/** Cases an instruction. FPU_CASES=1000000 FPU_SEED=7 for a long run. */
const count = Number(process.env["FPU_CASES"] ?? 4000);
const seed = Number(process.env["FPU_SEED"] ?? 1);

const vendor = nativeVendor();
/** Functions to within one unit in the last place are each design's own. Exact ones are not. */
const functions = vendor !== undefined && isStudied(identityOf(cpuName())) ? transcendental : [];

describe.skipIf(missing("x87 routines against the processor", nativeX64, gcc))("x87 routines against the processor", () => {
  let fpu: Fpu;
  beforeAll(async () => {
    fpu = await Fpu.create(vendor ?? "amd");
  });

  test.each(operations.map((o) => [o.name, o] as const))(
    "%s equals the processor on random and edge operands",
    (_, operation) => {
      const { failures, report } = compare(fpu, operation, count, seed);
      expect(`${failures} differ\n${report}`).toBe("0 differ\n");
    },
    600_000,
  );

  test.each(functions.map((o) => [o.name, o] as const))(
    "%s is within one unit in the last place, and mostly equal",
    (_, operation) => {
      const { failures, close, report } = compare(fpu, operation, count, seed);
      if (process.env["FPU_CASES"]) console.log(`${operation.name}: ${((100 * close) / count).toFixed(2)} % not bit-equal`);
      expect(`${failures} differ\n${report}`).toBe("0 differ\n");
      expect(close / count).toBeLessThan(0.05);
    },
    600_000,
  );
});
