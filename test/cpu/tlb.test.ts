// Permission to write that compiled code finds beside a page that is at home, in address spaces of several colors.
import { expect, it } from "vitest";
import { home, homes, layout } from "../../src/cpu/layout.ts";
import { State } from "../../src/cpu/state.ts";
import { Tlb } from "../../src/cpu/tlb.ts";

const pages = Math.ceil((layout.window + 2 ** homes.bits) / 65536);
const state = new State(new WebAssembly.Memory({ initial: pages, maximum: pages }));
const tlb = new Tlb(state);
const tag = (page: number, which: number): number =>
  state.view.getUint32(layout.pageTags + ((page / 4096) % homes.pages) * homes.size + which, true);

it.each([0, 1 << 25, 31 << 25])("goes when the frame begins to hold code, with color %i", (color) => {
  tlb.flush();
  tlb.color = color;
  const [code, other] = [0x1234_5000, 0x1234_6000];
  for (const page of [code, other]) tlb.fill(page, home(page, color), true);
  expect([tag(code, homes.writeTag), tag(other, homes.writeTag)]).toEqual([code, other]);
  tlb.protect(home(code, color));
  expect([tag(code, homes.readTag), tag(code, homes.writeTag), tag(other, homes.writeTag)]).toEqual([code, 0, other]);
});
