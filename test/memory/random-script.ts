// Random scripts for memcalls.c: mostly sensible calls near mapped memory, some nonsense. The same seed gives
// the same script.

/** mulberry32: a small generator, so that a failing seed can be named. */
export const generator = (seed: number) => {
  let state = seed * 0x9e3779b9;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const pick = <T>(list: readonly T[]): T => list[next() % list.length] as T;
  return { next, pick };
};

const hex = (n: number): string => n.toString(16);

export const randomScript = (seed: number, lines = 80): string => {
  const { next, pick } = generator(seed + 1);
  const script: string[] = [];
  /** Lines whose result is an address. */
  const places: number[] = [];
  const pages = (): string => hex(pick([1, 1, 2, 3, 4, 6, 9, 16]) * 4096);
  const length = (): string => pick([pages, pages, pages, pages, () => "0", () => "1", () => "1fff"])();
  const address = (): string => {
    if (places.length === 0) return "0";
    const offset = pick([0, 0, 0, 1, 2, 3, 5, 8]) * 4096 + pick([0, 0, 0, 0, 0, 0, 0, 1]);
    return `@${hex(pick(places))}+${hex(offset)}`;
  };
  const prot = (): string => hex(pick([0, 1, 1, 2, 3, 3, 3, 3, 5, 7]));
  const anonymous = (): string =>
    `${address()} ${length()} ${prot()} ${hex(pick([0x22, 0x22, 0x22, 0x21, 0x32, 0x122, 0x100022, 0x8022, 0x20022, 0x23, 0x2022]))} 0 0`;
  const file = (): string =>
    `${address()} ${length()} ${prot()} ${hex(pick([1, 2, 2, 2, 1, 3, 0x12, 0x8002]))} ${pick([1, 1, 2, 3])} ${pick(["0", "0", "1000", "2000", "3000", "800"])}`;
  // biome-ignore format: table
  const commands: readonly (() => string)[] = [
    () => `map ${anonymous()}`, () => `map ${anonymous()}`, () => `map ${anonymous()}`, () => `map ${file()}`, () => `map ${file()}`,
    () => `map 0 ${length()} ${prot()} 22 0 0`, () => `map 0 200000 3 22 0 0`,
    () => `unmap ${address()} ${length()}`, () => `protect ${address()} ${length()} ${prot()}`, () => `protect ${address()} ${length()} ${prot()}`,
    () => `remap ${address()} ${length()} ${length()} ${pick(["0", "1", "1", "1"])} 0`,
    () => `remap ${address()} ${length()} ${length()} ${pick(["3", "3", "5", "7", "2"])} ${address()}`,
    // Not MADV_FREE (8): whether the content is still there afterwards is open.
    () => `advise ${address()} ${length()} ${hex(pick([0, 1, 2, 3, 4, 4, 4, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24, 77]))}`,
    () => `sync ${address()} ${length()} ${pick(["0", "1", "2", "4", "5", "6", "8"])}`,
    () => `lock ${address()} ${length()}`, () => `unlock ${address()} ${length()}`,
    () => `core ${address()} ${length()} ${address()}`,
    () => `peek ${address()}`, () => `poke ${address()} ${hex(next() & 0xff)}`,
    () => `load ${address()}`, () => `load ${address()}`, () => `store ${address()} ${hex(next() & 0xff)}`, () => `store ${address()} ${hex(next() & 0xff)}`,
    () => `pread ${hex(next() % 12_000)}`, () => `pwrite ${hex(next() % 10_000)} ${hex(next() & 0xff)}`,
  ];
  for (let n = 0; n < lines; n++) {
    // Line 0 keeps the others away from the vDSO, whose content is not ours to predict.
    const line = n === 0 ? "map 0 40000 0 22 0 0" : pick(commands)();
    if (n > 0 && /^(map|remap)/.test(line)) places.push(n);
    script.push(line);
    if (n % 20 === 19) {
      script.push("maps");
      n++;
    }
  }
  return `${script.join("\n")}\n`;
};
