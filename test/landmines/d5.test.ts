// D5: a filter needs no_new_privs or CAP_SYS_ADMIN
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("D5: a filter needs no_new_privs or CAP_SYS_ADMIN", () => {
  it("upstream answers EACCES without it", async () => {
    const run = await Machine.run(guest("d5"), { kernel: "upstream", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("installing without no_new_privs = -13\ninstalling with no_new_privs = 0\n");
  });
  it("v6 answers EACCES without it", async () => {
    const run = await Machine.run(guest("d5-v6"), { kernel: "v6", trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("installing without no_new_privs = -13\ninstalling with no_new_privs = 0\n");
  });
});
