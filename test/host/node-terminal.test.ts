// A terminal of the host that puts a carriage return before each newline gets none from the guest's, also if
// the two come in different writes.
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { shownOn } from "../../src/host/node-terminal.ts";
import { WaitQueue } from "../../src/kernel/base/wait.ts";
import { top } from "../support/host.ts";

/** What the host's terminal gets. */
const screen = () => {
  let shown = "";
  const sink = shownOn({
    queue: new WaitQueue(true),
    write: (bytes) => {
      shown += Buffer.from(bytes).toString("latin1");
      return bytes.length;
    },
  });
  return { write: (text: string) => sink.write(Buffer.from(text, "latin1")), shown: () => shown };
};

it("a carriage return before a newline is left out, wherever the writes are cut", async () => {
  const text = "one\r\n10 %\r20 %\r\r\n\r\n\n\rtwo\r\nend\r";
  for (let i = 0; i <= text.length; i++)
    for (let j = i; j <= text.length; j++) {
      const { write, shown } = screen();
      const pieces = [text.slice(0, i), text.slice(i, j), text.slice(j)];
      for (const piece of pieces) expect(write(piece)).toBe(piece.length);
      write("|");
      expect(shown()).toBe("one\n10 %\r20 %\r\n\n\n\rtwo\nend\r|");
    }
});
it("one that stays the last byte is shown soon, and at the end of the process", async () => {
  const { write, shown } = screen();
  write("50 %\r");
  await expect.poll(shown).toBe("50 %\r");
  write("\n");
  expect(shown()).toBe("50 %\r\n");
  const script = `import { shownOn } from "${top}/src/host/node-terminal.ts";
import { fdSink } from "${top}/src/host/node-sink.ts";
shownOn(fdSink(1)).write(Buffer.from("end\\r"));
process.exit();`;
  const { stdout } = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    cwd: top,
    encoding: "latin1",
  });
  expect(stdout).toBe("end\r");
});
