// man: every program of its pipeline (zsoelim, tbl, groff, …) is executed under a libseccomp filter of about
// 600 instructions, which answers ENOSYS to unknown calls.
import { describe, expect, it } from "vitest";
import { both, confine, filtersInstalled, lacks } from "./rooted.ts";

/** `doing`: the action of a program of this name before the real one. */
const wrap = (program: string, doing: string): string =>
  `mkdir -p /tmp/bin; printf '#!/bin/sh\\n%s\\nexec /usr/bin/%s "$@"\\n' '${doing}' ${program} >/tmp/bin/${program}; chmod 755 /tmp/bin/${program}`;
const setUp = "export MANPAGER=cat LC_ALL=C PATH=/tmp/bin:$PATH";

describe.skipIf(lacks("man in its sandbox"))("man in its sandbox", { timeout: 240_000 }, () => {
  it("shows a page; its formatters run under a filter", async () => {
    const show = 'grep -E "^(NoNewPrivs|Seccomp)" /proc/self/status >&2';
    const { native, inside, run } = await both(`${setUp}; ${wrap("tbl", show)}; man true; echo "end: $?"`);
    expect(native.stderr).toBe("NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n");
    expect(native.stdout).toMatch(/true - do nothing, successfully.*end: 0\n$/s);
    expect(inside).toEqual(native);
    expect(filtersInstalled(run)).toBeGreaterThan(4);
  });

  it("answers ENOSYS to what a formatter is not to do", async () => {
    const forbidden =
      'chroot / true; echo $?; mkfifo /tmp/f; echo $?; chmod 700 /tmp; echo $?; perl -e "socket(S,1,1,0) || print qq(\\$!\\n)"';
    const { native, inside } = await both(`${setUp}; ${wrap("tbl", `(${forbidden}) >&2`)}; man true | head -1; echo "end: $?"`);
    expect(native.stderr.match(/Function not implemented/g)).toHaveLength(4);
    expect(inside).toEqual(native);
  });

  it.each(["1:seccomp", "kill:seccomp", "38:prctl"])("with the rule %s laid upon it, ends as natively", async (rule) => {
    const { native, inside } = await both(`${setUp}; /confine allow ${rule} -- man true | head -1; echo "end: $?"`, {
      "/confine": confine(64),
    });
    expect(native.stdout).toMatch(/end: \d+\n$/);
    expect(inside).toEqual(native);
  });
});
