// A7: strict mode looks numbers up in the table of the door
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import "trapgate/vitest";
import { guest } from "./guest.ts";

describe("A7: strict mode looks numbers up in the table of the door", () => {
  it("upstream allows write through int 0x80 and kills umask", async () => {
    const run = await Machine.run(guest("a7"), { kernel: "upstream", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.stdout.text).toBe("write ran through int 0x80\n");
  });
  it("v6 allows write through int 0x80 and kills umask", async () => {
    const run = await Machine.run(guest("a7"), { kernel: "v6", trace: true });
    expect(run).toBeKilledBy("SIGKILL");
    expect(run.stdout.text).toBe("write ran through int 0x80\n");
  });
  it("before 2.6.29 umask had x86-64's exit's number, and ran", async () => {
    const run = await Machine.run(guest("a7"), { bugs: ["strict-wrong-table"], trace: true });
    expect(run).toExitWith(0);
    expect(run.stdout.text).toBe("umask ran through int 0x80\n");
  });
});
