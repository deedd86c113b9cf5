// A server of gdb's protocol whose packets a test sends one by one.
import type { Debugger } from "../../src/debug/debugger.ts";
import { latin1, PacketReader, packet, textOf } from "../../src/debug/gdb/packet.ts";
import type { StartProgram } from "../../src/debug/gdb/programs.ts";
import { GdbServer } from "../../src/debug/gdb/server.ts";

/** A server, and the replies to the last packet. */
export const serve = (debug: Debugger, start?: StartProgram) => {
  const replies: string[] = [];
  const reader = new PacketReader();
  const server = new GdbServer(
    debug,
    (bytes) => {
      for (const one of reader.read(bytes)) if (typeof one === "object") replies.push(textOf(one.data));
    },
    start,
  );
  /** The last reply to a packet. */
  const ask = async (data: string | Uint8Array): Promise<string | undefined> => {
    replies.length = 0;
    server.receive(packet(typeof data === "string" ? latin1(data) : data));
    await server.idle;
    return replies.at(-1);
  };
  return { server, ask, replies };
};
