// B8: flags behind a pointer
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("B8: flags behind a pointer", () => {
  it("openat2 opens for writing what openat may not", async () => {
    const run = await Machine.run(guest("b8"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("opened a file for writing with openat2\n");
  });
  it("ENOSYS sends callers back to openat", async () => {
    const run = await Machine.run(guest("b8-fixed"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(1);
    expect(run.stdout.text).toBe("openat2 = -38\n");
  });
});
