// universal-ctags --_interactive=sandbox: requests come as JSON, and all that the program may still do is
// read, write and allocate. Its filter (libseccomp, 20 instructions) kills for everything else.
import { describe, expect, it } from "vitest";
import { both, confine, filtersInstalled, lacks } from "./rooted.ts";

const source = "int f(int a) { return a; }\nstruct s { int x; };\n";
const request = `${JSON.stringify({ command: "generate-tags", filename: "a.c", size: source.length })}\n${source}`;
const files = { "/request": { content: request }, "/confine": confine(64) };
const ctags = "ctags-universal --_interactive=sandbox";

describe.skipIf(lacks("universal-ctags in its sandbox"))("universal-ctags in its sandbox", { timeout: 240_000 }, () => {
  it("tags what it is given, under its filter", async () => {
    const { native, inside, run } = await both(
      `mkfifo /tmp/in; ${ctags} </tmp/in >/tmp/out & exec 3>/tmp/in; cat /request >&3
       until grep -q completed /tmp/out; do sleep 0.1; done
       grep -E '^(NoNewPrivs|Seccomp)' /proc/$!/status; exec 3>&-; wait $!; echo "end: $?"; cat /tmp/out`,
      files,
    );
    expect(native.stdout).toMatch(/^NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\nend: 0\n.*"name": "f"/s);
    expect(inside).toEqual(native);
    expect(filtersInstalled(run)).toBe(1);
  });

  it("is killed for what its filter forbids: a question about a terminal", async () => {
    // The C library asks whether a character device is a terminal.
    const { native, inside, run } = await both(`${ctags} </request >/dev/null; echo "end: $?"`, files);
    expect(native.stdout).toBe("end: 159\n");
    expect(inside).toEqual(native);
    expect(run.kernelLog.filter((line) => /type=1326 .* sig=31 arch=c000003e syscall=16 /.test(line))).toHaveLength(1);
  });

  it.each([
    // libseccomp takes prctl(2) then.
    ["1:seccomp", 0],
    ["1:prctl", 1],
    ["kill:prctl", 159],
  ])("with the rule %s laid upon it, ends with %i", async (rule, status) => {
    const { native, inside } = await both(`/confine allow ${rule} -- ${ctags} </request; echo "end: $?"`, files);
    expect(native.stdout).toContain(`end: ${status}\n`);
    expect(inside).toEqual(native);
  });
});
