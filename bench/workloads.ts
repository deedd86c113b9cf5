// What is measured: small C programs (src/), Debian's lua and python, busybox. Sizes take about a tenth of a second natively.

export interface Workload {
  readonly name: string;
  /** Program of bench/src, built for both widths; or a command inside a package set's root, by width. */
  readonly program?: string;
  readonly packaged?: Partial<Record<Bits, { readonly set: string; readonly command: string }>>;
  readonly args: readonly string[];
  /** The figure of interest: guest instructions, or system calls, a second. */
  readonly per: "instructions" | "syscalls";
}
export type Bits = 64 | 32;

const compute = (name: string, size: number): Workload => ({ name, program: name, args: [String(size)], per: "instructions" });
const calls = (name: string, program: string, ...args: string[]): Workload => ({ name, program, args, per: "syscalls" });

export const workloads: readonly Workload[] = [
  {
    name: "busybox sha256sum, 10 MiB",
    packaged: { 64: { set: "busybox-amd64", command: "/usr/bin/busybox" }, 32: { set: "busybox-i386", command: "/bin/busybox" } },
    args: ["sha256sum", "/tmp/ten-mebibytes"],
    per: "instructions",
  },
  compute("intk", 15_000),
  compute("sha256", 25),
  compute("xxh64", 1_200),
  compute("qsort", 1_000_000),
  compute("chase", 1),
  compute("nbody", 800_000),
  compute("fib", 36),
  compute("simd", 10_000),
  compute("smc", 10_000),
  {
    name: "lua",
    packaged: { 64: { set: "lua-amd64", command: "/usr/bin/lua5.4" }, 32: { set: "lua-i386", command: "/usr/bin/lua5.4" } },
    args: ["/tmp/b.lua", "15"],
    per: "instructions",
  },
  {
    name: "python3",
    packaged: { 64: { set: "python-amd64", command: "/usr/bin/python3" } },
    args: ["/tmp/b.py", "10"],
    per: "instructions",
  },
  calls("sys", "sys", "500000"),
  calls("sys, 20 compares", "sys", "500000", "f"),
  calls("sys, 200 compares", "sys", "500000", "F"),
  calls("forkexec", "forkexec", "100"),
  calls("thr", "thr", "400000"),
  { name: "hello", program: "hello", args: [], per: "instructions" },
];
