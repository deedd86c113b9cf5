// The pages of a machine in a snapshot's file: their states, then the bytes of those that have any.
import { PAGE_SIZE } from "../../../memory/frames.ts";
import type { Pages } from "../pages.ts";
import { badFile, type Reader, type Writer } from "./binary.ts";

const WORD = Int32Array.BYTES_PER_ELEMENT;

/** Writes pages. */
export const writePages = (out: Writer, { numbers, refs, next, state, bytes }: Pages): void => {
  numbers.forEach((n, i) => {
    out.count(n);
    out.count(refs[i] as number);
    out.count(next[i] as number);
    out.byte((state[i] as number) | (bytes[i] ? 4 : 0));
  });
  const pages = bytes.filter((page) => page !== undefined);
  out.count(pages.length);
  out.align(WORD);
  for (const { buffer, byteOffset } of pages) out.raw(new Uint8Array(buffer, byteOffset, PAGE_SIZE));
};

/** Reads pages with numbers below `most`. `isOwn`: nothing else will write the file's bytes. */
export const readPages = (from: Reader, count: number, most: number, isOwn: boolean): Pages => {
  const [numbers, refs, next] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
  const state = new Uint8Array(count);
  const has: boolean[] = [];
  for (let i = 0; i < count; i++) {
    const n = from.count();
    const [users, following, bits] = [from.count(), from.count(), from.byte()];
    if (n < 1 || n >= most || (i > 0 && n <= (numbers[i - 1] as number))) throw badFile("its pages have no order");
    if (users > 0xffff_ffff || following >= most || bits > 7 || (bits & 3) === 0) throw badFile("a page has no state");
    numbers[i] = n;
    refs[i] = users;
    next[i] = following;
    state[i] = bits & 3;
    has.push((bits & 4) !== 0);
  }
  if (from.count() !== has.filter(Boolean).length) throw badFile("a page has another size");
  from.align(WORD);
  const all = from.raw(has.filter(Boolean).length * PAGE_SIZE);
  const { buffer, byteOffset } = isOwn && all.byteOffset % WORD === 0 ? all : all.slice();
  let at = byteOffset;
  const page = (): Int32Array => {
    at += PAGE_SIZE;
    return new Int32Array(buffer as ArrayBuffer, at - PAGE_SIZE, PAGE_SIZE / WORD);
  };
  return { numbers, refs, next, state, bytes: has.map((given) => (given ? page() : undefined)) };
};
