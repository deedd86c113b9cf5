// The parts of a machine's state that lie in the processor while a task runs, and on the time page. No run
// without a snapshot loads this: so they are functions here and not methods of the kernel's classes.
import { at } from "../../cpu/machine/state.ts";
import { SeededRandom } from "../../kernel/base/random.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import { vvar } from "../../kernel/exec/vdso.ts";
import type { MappedFile } from "../../memory/backing.ts";

/** Before a copy is made: the running task's object has its registers, as after a switch to another task. */
export const storeRegisters = ({ scheduler, processor }: Kernel): void => {
  scheduler.current?.registers.set(processor.state.u8.subarray(0, at.size));
};

/**
 * After `attach` of a copy, or after the processor has run on: it has what it had of the running task. The
 * task
 * stays the running one: a switch away from a task marks it for rseq.
 */
export const loadRegisters = (kernel: Kernel): void => {
  const { scheduler, processor } = kernel;
  // The processor has another address space, or none.
  const { _context: context } = scheduler as unknown as { readonly _context: { _space: unknown } };
  context._space = undefined;
  const { current } = scheduler;
  if (!current) return;
  processor.state.restore(current.registers);
  scheduler.loadTables(current);
  processor.segments.refresh();
};

/** Another source of randomness. Programs forget what they have drawn ahead: Linux vmgenid_notify(). */
export const reseed = (kernel: Kernel, seed: number): void => {
  Object.assign(kernel, { random: new SeededRandom(seed) });
  if (!kernel.profile.vdsoRandom) return;
  const { _page: page, _areas: areas } = kernel.vdso as unknown as {
    readonly _page: Uint8Array;
    readonly _areas: readonly { readonly file: MappedFile }[];
  };
  const view = new DataView(page.buffer);
  view.setBigUint64(vvar.randomGeneration, view.getBigUint64(vvar.randomGeneration, true) + 1n, true);
  areas[0]?.file.backing.pages?.wrote(0, page.subarray(0, vvar.size));
};
