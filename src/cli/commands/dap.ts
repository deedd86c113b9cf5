// `trapgate dap`: a debug adapter for editors, on standard input and output.
import { Problem } from "../../problem.ts";
import { parseAll } from "../arguments.ts";
import type { Command } from "../command.ts";

/** `trapgate dap`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "",
  summary: "serve the Debug Adapter Protocol on standard input and output, for editors: forward and backward",
  options: [],
  async run(args) {
    const { rest } = parseAll(args, {});
    if (rest.length > 0)
      throw new Problem("usage", `dap takes no ${JSON.stringify(rest[0])}: the editor's launch configuration names the program`);
    const { AdapterSession } = await import("../dap/session.ts");
    const session = new AdapterSession();
    session.setRunAsServer(true);
    session.start(process.stdin, process.stdout);
    await new Promise<void>((resolve) => {
      process.stdin.once("end", resolve);
      process.stdin.once("close", resolve);
    });
    return 0;
  },
};
