// Two traces of a program, line by line: known differences are masked, then lines are matched in order (LCS).

/** A line without values that differ from run to run or from machine to machine. */
export const masked = (line: string): string =>
  line
    .replace(/\) += /, ") = ")
    .replace(/^(set_tid_address\(.*\)|get(?:p|t|pg|s)?p?id\(.*\)|getppid\(\)|gettid\(\)) = \d+$/, "$1 = PID")
    .replace(/^((?:v?fork|wait4|waitid|clone3?)\(.*) = \d+$/, "$1 = PID")
    .replace(/^((?:kill|tgkill|wait4|getpgid|setpgid)\()[\d, ]+/, "$1PID, ")
    // The size of the kernel's CPU set, and its file systems.
    .replace(/^(sched_getaffinity\(.*\)) = \d+$/, "$1 = V")
    .replace(/^(read\(\d, "nodev).*(, \d+\)) = \d+$/, "$1$2 = V")
    .replace(/^(rt_sigreturn\(.*\)) = \d+$/, "$1 = V")
    .replace(/^getpgrp\(\) = \d+$/, "getpgrp() = PID")
    .replace(/^write\(\d, "(Linux |20\d\d\\n|8 bytes copied|total \d+| {2}File:).*/, "write(TEXT OF THIS MACHINE)")
    .replace(/^(read\(\d, |pwrite64\(\d, )"(?:\\\d{1,3}|[^"\\]|\\.)*"/, (text: string, head: string) =>
      /\\\d/.test(text) ? `${head}BYTES` : text,
    )
    .replace(/si_pid=\d+/, "si_pid=PID")
    .replace(/(parent_tid=\[)\d+|(\[)\d+(\], *\d+, 0x)/g, "$1$2PID$3")
    .replace(/si_[us]time=[^,}]*(?: s \*\/)?/g, "si_time=T")
    .replace(/0x[0-9a-f]+ \/\* \d+ vars? \*\//, "ENVIRONMENT")
    .replace(/(?:\\x[0-9a-f]{2}){4,}/g, "RANDOM")
    .replace(/st_(dev|ino|[amc]time(?:_nsec)?|blocks|nlink)=[^,}]*(?:\([^)]*\))?/g, "st_$1=V")
    .replace(/stx_[a-z_]+=(?:\{[^}]*\}|[^,}]*)/g, (text) => text.slice(0, text.indexOf("=") + 1))
    .replace(/(tv_n?u?sec|tv_sec)=\d+/g, "$1=T")
    .replace(/((?:clock_gettime|gettimeofday|time)\(.*) = \d{9,}/, "$1 = T")
    .replace(/f_(type|bsize|blocks|bfree|bavail|files|ffree|flags)=[^,}]*/g, "f_$1=V")
    .replace(/f_fsid=\{val=\[[^\]]*\]\}/, "f_fsid=V")
    .replace(/(st_mode=S_IFDIR[^,]*, st_size)=\d+/g, "$1=V")
    .replace(/^(sysinfo\().*(\) = 0)$/, "$1V$2")
    .replace(/RLIMIT_(NPROC|NOFILE|STACK), NULL, \{.*\}/, "RLIMIT_$1, NULL, LIMITS")
    .replace(/"[0-9a-f]{8,12}-[0-9a-f]{8,12} r--p 0"\.\.\./, '"MAPS"...')
    .replace(/nodename="[^"]*"/, 'nodename="HOST"')
    .replace(/ \/\* \d{4}-\d\d-\d\dT[0-9:.]+\+0000 \*\//g, " /* DATE */")
    .replace(/"\.\/sed[A-Za-z0-9]{6}"/g, '"./sedXXXXXX"')
    .replace(/0x[0-9a-f]{5,}/g, "ADDRESS");

/** One place at which the traces differ: a native line without its like inside, one inside, or both. */
export interface Difference {
  readonly native?: string;
  readonly inside?: string;
}

/** Lines that have no partner in the other trace, in order; neighbours are paired. */
export const differences = (native: readonly string[], inside: readonly string[]): Difference[] => {
  const [a, b] = [native.map(masked), inside.map(masked)];
  // length[i][j]: the longest common subsequence of a from i and b from j.
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      (length[i] as Uint16Array)[j] =
        a[i] === b[j]
          ? ((length[i + 1] as Uint16Array)[j + 1] as number) + 1
          : Math.max((length[i + 1] as Uint16Array)[j] as number, (length[i] as Uint16Array)[j + 1] as number);
  const found: Difference[] = [];
  let [missing, added]: [string[], string[]] = [[], []];
  const flush = (): void => {
    for (let k = 0; k < Math.max(missing.length, added.length); k++)
      found.push({
        ...(k < missing.length ? { native: missing[k] as string } : {}),
        ...(k < added.length ? { inside: added[k] as string } : {}),
      });
    [missing, added] = [[], []];
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      flush();
      i++;
      j++;
    } else if (
      j >= b.length ||
      (i < a.length && ((length[i + 1] as Uint16Array)[j] as number) >= ((length[i] as Uint16Array)[j + 1] as number))
    )
      missing.push(native[i++] as string);
    else added.push(inside[j++] as string);
  }
  flush();
  return found;
};
