// The measured programs: small C programs (src/), Debian's lua and python, busybox.

export interface Workload {
  readonly name: string;
  /** Program of bench/src, built for both widths; or a command inside a package set's root, by width. */
  readonly program?: string;
  readonly packaged?: Partial<Record<Bits, { readonly set: string; readonly command: string }>>;
  /** Its arguments when it is to do `n` of its units of work. */
  readonly args: (n: number) => readonly string[];
  /** Amounts of work that take about a second natively, and a tenth of that. */
  readonly size: number;
  readonly tenth: number;
  /** Belongs to the sets whose geometric mean is the measure of computing. */
  readonly computes: boolean;
  /** The figure of interest: guest instructions, or system calls, a second. */
  readonly per: "instructions" | "syscalls";
}
export type Bits = 64 | 32;

const compute = (name: string, size: number, tenth = Math.ceil(size / 10)): Workload => ({
  name,
  program: name,
  args: (n) => [String(n)],
  size,
  tenth,
  computes: true,
  per: "instructions",
});
const calls = (name: string, program: string, size: number, ...more: string[]): Workload => ({
  name,
  program,
  args: (n) => [String(n), ...more],
  size,
  tenth: size / 10,
  computes: false,
  per: "syscalls",
});

export const workloads: readonly Workload[] = [
  {
    name: "busybox sha256sum, MiB",
    packaged: { 64: { set: "busybox-amd64", command: "/usr/bin/busybox" }, 32: { set: "busybox-i386", command: "/bin/busybox" } },
    args: (n) => ["sha256sum", ...Array.from({ length: n }, () => "/tmp/mebibyte")],
    size: 200,
    tenth: 20,
    computes: false,
    per: "instructions",
  },
  compute("intk", 150_000),
  compute("sha256", 250),
  compute("xxh64", 12_000),
  compute("qsort", 10_000_000),
  compute("chase", 6),
  compute("nbody", 8_000_000),
  compute("fib", 42, 37),
  compute("simd", 100_000),
  {
    name: "lua",
    packaged: { 64: { set: "lua-amd64", command: "/usr/bin/lua5.4" }, 32: { set: "lua-i386", command: "/usr/bin/lua5.4" } },
    args: (n) => ["/tmp/b.lua", String(n)],
    size: 150,
    tenth: 15,
    computes: true,
    per: "instructions",
  },
  {
    name: "python3",
    packaged: { 64: { set: "python-amd64", command: "/usr/bin/python3" } },
    args: (n) => ["/tmp/b.py", String(n)],
    size: 100,
    tenth: 10,
    computes: true,
    per: "instructions",
  },
  { ...compute("smc", 100_000), computes: false },
  calls("sys", "sys", 5_000_000),
  calls("sys, 20 compares", "sys", 5_000_000, "f"),
  calls("sys, 200 compares", "sys", 5_000_000, "F"),
  calls("sys, ten of Docker's size", "sys", 5_000_000, "d"),
  calls("personality", "sys", 3_000_000, "p"),
  calls("personality, ten of Docker's", "sys", 400_000, "P"),
  calls("forkexec", "forkexec", 1_000),
  calls("thr", "thr", 4_000_000),
];
