// Instructions decoded from the records of similar ones have the same records as from the rows: registers,
// sizes, prefixes, bytes after modrm, ends of pages.
import { beforeAll, expect, it } from "vitest";
import { cpuCode } from "../../../src/cpu/code.ts";
import type { CpuCode } from "../../../src/cpu/cpu.ts";
import { Blocks } from "../../../src/cpu/interp/block-cache.ts";
import type { PredecodeRoutines } from "../../../src/cpu/interp/predecode.ts";
import { contexts } from "../../../src/cpu/machine/context.ts";
import { layout, record } from "../../../src/cpu/machine/layout.ts";
import { cpuModel, defaultModel } from "../../../src/cpu/machine/model.ts";
import { at, State } from "../../../src/cpu/machine/state.ts";
import { common } from "../../../tools/common/common.ts";
import { freshCode } from "../../../tools/oracle/code.ts";
import { MEMORY_PAGES } from "../../../tools/oracle/emulate.ts";
import { candidates, SLOT } from "../../../tools/oracle/encodings.ts";
import { Random } from "../../../tools/oracle/random.ts";
import type { Mode } from "../../../tools/oracle/world.ts";

let code: CpuCode;
beforeAll(async () => {
  code = await freshCode();
});

/** Decodes from one page again and again. `alike` counts instructions that were decoded without the rows. */
class Decodes {
  readonly state: State;
  readonly blocks: Blocks;
  alike = 0;
  constructor(model: string, context: number, learns: boolean, { instructions, routines }: CpuCode = code) {
    const memory = new WebAssembly.Memory({ initial: MEMORY_PAGES, maximum: MEMORY_PAGES });
    this.state = new State(memory, cpuModel(model)!);
    this.state.u32[at.context >> 2] = context;
    const { exports } = new WebAssembly.Instance(routines.module, { vm: { memory }, env: { memory, abort: () => {} } });
    const real = exports as unknown as PredecodeRoutines;
    const counting: PredecodeRoutines = {
      decode_alike: (...all) => {
        const found = real.decode_alike(...all);
        this.alike += (found & 0xff) - all[1];
        return found;
      },
      decode_learn: real.decode_learn,
      decode_know: real.decode_know,
      block_behind: real.block_behind,
      block_jumped: real.block_jumped,
    };
    const none: PredecodeRoutines = {
      decode_alike: (_rec, done) => done,
      decode_learn: () => 0,
      decode_know() {},
      block_behind: () => 0,
      block_jumped: () => 0,
    };
    const mmu = { translate: () => layout.frames };
    const code = { instructions, routines: learns ? counting : none, model: cpuModel(model)!, more: [] };
    this.blocks = new Blocks(this.state, code, mmu, {
      reset: () => {},
      frameChanged: () => false,
      frameUnmapped: () => {},
      codeFound: () => {},
      classifyBytes: () => {},
      blockMissing: () => false,
    });
  }
  /** All facts about the first instruction at a place. */
  decode(bytes: Uint8Array, page: number, place: number): unknown {
    this.state.u8.fill(0x90, layout.frames, layout.frames + 4096);
    for (let n = 0; n < bytes.length; n++) this.state.u8[layout.frames + ((place + n) % 4096)] = bytes[n] as number;
    const { records, decoder } = this.blocks;
    const rec = this.blocks.bounded(page + place, 1);
    if (rec === 0) return { ...decoder.fault };
    return [
      Buffer.from(this.state.u8.subarray(rec, rec + record.size)).toString("hex"),
      records.rowOf(rec).encoding,
      records.nextIpOf(rec) - records.ipOf(rec),
    ];
  }
}

const cases: readonly (readonly [Mode, string, number])[] = [
  [64, "x86-64-v1", 0x7fff_1234_5000],
  [64, "x86-64-v3", 0x40_0000],
  [32, "x86-64-v1", 0xffff_f000],
  [32, "x86-64-v3", 0x804_8000],
  [16, "x86-64-v1", 0x1000],
];
it.each(cases)("of %i-bit code, on %s", (mode, model, page) => {
  const context = contexts.findIndex((c) => c.mode === mode);
  const ours = new Decodes(model, context, true);
  const theirs = new Decodes(model, context, false);
  const random = new Random(mode);
  const problems: string[] = [];
  let all = 0;
  const judge = (bytes: Uint8Array): void => {
    const place = random.chance(0.1) ? 4095 - random.below(SLOT) : random.below(4096 - SLOT);
    const [a, b] = [ours.decode(bytes, page, place), theirs.decode(bytes, page, place)];
    all++;
    if (JSON.stringify(a) !== JSON.stringify(b))
      problems.push(`${Buffer.from(bytes).toString("hex")}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`);
  };
  for (const vex of [false, false, false, true])
    for (const buffer of candidates(mode, vex, random)) {
      for (let n = 0; n < buffer.length; n += SLOT) {
        const bytes = buffer.subarray(n, n + SLOT);
        judge(bytes);
        // An instruction that differs in a bit of its first bytes may be similar or not.
        for (let more = 0; more < 2; more++) {
          bytes[random.below(6)]! ^= 1 << random.below(8);
          judge(bytes);
        }
      }
    }
  expect(problems.slice(0, 10)).toEqual([]);
  // Of random bytes most are no instructions, or begin as few others do.
  if (mode === 16) expect(ours.alike).toBe(0);
  else expect(ours.alike / all).toBeGreaterThan(0.1);
});

it.each([64, 32] as const)("knows what programs mostly have in %i-bit code from the beginning, as it would learn it", (mode) => {
  const built = cpuCode(new WebAssembly.Memory({ initial: 1 }));
  const context = contexts.findIndex((c) => c.mode === mode);
  const [ours, theirs] = [true, false].map((learns) => new Decodes(defaultModel, context, learns, built)) as [Decodes, Decodes];
  for (const { preload } of built.handlers) if (preload) ours.blocks.decoder.preload(preload);
  const random = new Random(mode);
  const list = common().filter((c) => c.mode === mode);
  expect(list.length).toBeGreaterThan(500);
  const alike: number[] = [];
  for (const part of [0, 1]) {
    const before = ours.alike;
    const those = list.filter((c) => c.part === part);
    for (const { bytes } of those) {
      for (let n = 10; n < bytes.length; n++) bytes[n] = random.below(256);
      const place = random.below(4096 - SLOT);
      expect(ours.decode(bytes, 0x40_0000, place)).toEqual(theirs.decode(bytes, 0x40_0000, place));
    }
    alike.push((ours.alike - before) / those.length);
  }
  // Some have to make room for others, and some no template stands for.
  expect(alike[0]).toBeGreaterThan(0.9);
  expect(alike[1]).toBeGreaterThan(0.7);
});
