// trapgate/vitest: what passes, what fails, and what a failure says.
import { describe, expect, it } from "vitest";
import "trapgate/vitest";

const killed = {
  status: { signal: "SIGSYS", core: true },
  trace: [
    'openat(AT_FDCWD, "/etc/passwd", O_RDONLY)   = 3',
    "getppid() = ? (seccomp: SECCOMP_RET_KILL_PROCESS)",
    "+++ killed by SIGSYS (core dumped) +++",
  ],
};
const exited = { status: { exit: 3 }, trace: [] };

describe("the matchers", () => {
  it("know how a run ended", () => {
    expect(killed).toBeKilledBy("SIGSYS");
    expect(killed).not.toBeKilledBy("SIGKILL");
    expect(killed).not.toExitWith(0);
    expect(exited).toExitWith(3);
    expect(exited).not.toExitWith(0);
  });
  it("find lines of the trace in order", () => {
    expect(killed).toTrace('openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3', /^getppid\(\)/, "killed by SIGSYS");
    expect(killed).not.toTrace("killed by SIGSYS", "openat");
  });
  it("say how the guest ended and what it did last", () => {
    expect(() => expect(killed).toExitWith(0)).toThrowErrorMatchingInlineSnapshot(`
      [Error: expected the guest to exit with 0, but it was killed by SIGSYS
        last system calls:
          openat(AT_FDCWD, "/etc/passwd", O_RDONLY)   = 3
          getppid() = ? (seccomp: SECCOMP_RET_KILL_PROCESS)
          +++ killed by SIGSYS (core dumped) +++]
    `);
    expect(() => expect(exited).toTrace("close(3)")).toThrow("expected the trace to hold\n    close(3)\n  but the guest exited with 3");
  });
});
