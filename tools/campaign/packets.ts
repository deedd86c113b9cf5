// Packets of gdb's remote protocol, well-formed and changed, against a server with a program: an answer or
// silence, in time, and no exception. At the end the server still serves, and the past is as it was.
import { Debugger } from "../../src/debug/debugger.ts";
import { hex, latin1, PacketReader, packet, textOf } from "../../src/debug/gdb/packet.ts";
import { GdbServer } from "../../src/debug/gdb/server.ts";
import { Machine } from "../../src/machine/machine.ts";
import { Timeline } from "../../src/machine/timeline/timeline.ts";
import type { Random } from "../oracle/random.ts";
import { digestOf } from "./digest.ts";
import { guestFile } from "./guests.ts";
import { type Finding, kind, noFinding } from "./kind.ts";

interface Input {
  readonly guest: string;
  /** Packets as byte strings, without their frame; `\x03` alone interrupts. */
  readonly packets: readonly string[];
}
const guests = ["hello-syscall", "a1", "b3", "c5", "d4", "d1"] as const;
/** Seconds of real time for one packet. An interrupt follows earlier. */
const SECONDS = 8;
const INTERRUPT = 400;
/** Bytes of replies to one packet. */
const MOST_REPLY = 1 << 20;

const monitors =
  "when|why|door|filters|filters 1|branch|branch 1|stop denied|stop door int80|goto 100:0|goto x|checkpoint a|goto a|help|".split("|");
const seeds =
  "g|G00|p1|P1=00|m400000,10|M400000,1:00|X400000,1:a|x0,10|Z0,400000,1|z0,400000,1|Z1,400080,1|Z2,400000,8|Z3,600000,4|Z4,ffffffffffffff00,ff|Hgp-1.-1|Hcp2.2|T2|vCont;s:p2.2|vCont;c|vCont;r400000,400010:p2.2|vCont?|vCont;C0b:p2.2;c|c|s|C09|S05|bs|bc|qXfer:auxv:read::0,100|qXfer:threads:read::0,1|qXfer:siginfo:read::0,9|qXfer:libraries-svr4:read::0,fff|qXfer:exec-file:read:2:0,9|qXfer:features:read:target.xml:0,fff|qXfer:siginfo:write::0:0|qMemoryRegionInfo:400000|qSearch:memory:400000;100;ab|qSearch:memory:0;ffffffffffff;a|QCatchSyscalls:1;1|QCatchSyscalls:1|QPassSignals:e;14|vFile:open:2f70726f6772616d,0,0|vFile:pread:3,10,0|vFile:close:3|vFile:fstat:3|vFile:readlink:2f|vFile:unlink:2f61|vFile:pwrite:3,0,a|qThreadExtraInfo,p2.2|qGetTLSAddr:2,0,0|qC|qSupported:multiprocess+;fork-events+;exec-events+|qfThreadInfo|qsThreadInfo|vMustReplyEmpty|QStartNoAckMode|vRun;2f62696e|vAttach;2|?|!|D;2|k|R00|\x03".split(
    "|",
  );
const change = (text: string, r: Random): string => {
  const bytes = Array.from(text);
  for (let k = r.below(4); k > 0; k--) {
    const at = r.below(bytes.length + 1);
    const random = String.fromCharCode(r.below(256));
    if (r.chance(0.3)) bytes.splice(at, 1);
    else if (r.chance(0.4)) bytes.splice(at, 0, random);
    else if (r.chance(0.6))
      bytes.splice(at, 0, r.pick(["ffffffffffffffff", "-1", "80000000", "0", ";", ":", ",", "p", "7fffffffffff0000"]));
    else bytes[Math.min(at, bytes.length - 1)] = random;
  }
  return bytes.join("");
};
const draw = (r: Random): Input => ({
  guest: r.pick(guests),
  packets: Array.from({ length: 4 + r.below(40) }, () => {
    const text = r.chance(0.15) ? `qRcmd,${hex(latin1(change(r.pick(monitors), r)))}` : r.pick(seeds);
    return r.chance(0.5) ? text : change(text, r);
  }),
});

const wrong = (rule: string, seen: string): { readonly finding: Finding } => ({
  finding: { rule, expected: "an answer or silence", seen },
});

const check = async ({ guest, packets }: Input) => {
  const debug = new Debugger(new Timeline(new Machine({ memory: "64M" }), guestFile(guest), { stdin: "" }, { memory: 2 ** 26 }));
  await debug.restart();
  const replies: string[] = [];
  const reader = new PacketReader();
  let size = 0;
  const server = new GdbServer(debug, (bytes) => {
    size += bytes.length;
    for (const one of reader.read(bytes)) if (typeof one === "object") replies.push(textOf(one.data));
  });
  /** The failure of a packet. */
  const serve = async (bytes: Uint8Array): Promise<string | undefined> => {
    size = 0;
    let isOver = false;
    const interrupts = setInterval(() => server.receive(Uint8Array.of(3)), INTERRUPT);
    const late = new Promise<string>((done) => setTimeout(() => isOver || done(`no answer within ${SECONDS} s`), SECONDS * 1000).unref());
    try {
      server.receive(bytes);
      const failure = await Promise.race([server.idle.then(() => undefined), late]);
      return failure ?? (size > MOST_REPLY ? `${size} bytes of replies` : undefined);
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 4).join(" ") : String(error);
    } finally {
      isOver = true;
      clearInterval(interrupts);
    }
  };
  for (const text of packets) {
    const failure = await serve(text === "\x03" ? Uint8Array.of(3) : packet(latin1(text)));
    if (failure !== undefined)
      return {
        inputs: packets.length,
        digest: "",
        ...wrong("a packet is answered in time, and nothing throws", `${JSON.stringify(text)}: ${failure}`),
      };
  }
  replies.length = 0;
  const failure = await serve(packet(latin1("qC")));
  if (failure !== undefined || replies.length !== 1)
    return { inputs: packets.length, digest: "", ...wrong("the server serves on", failure ?? JSON.stringify(replies)) };
  return noFinding(packets.length, digestOf(replies.join()));
};

export const packets = kind<Input>({
  summary: "packets of gdb's remote protocol, changed, against trapgate debug: answers in time, no exception",
  bounds: { seconds: 120, megabytes: 2000 },
  draw,
  check,
  parts: { of: ({ packets: all }) => all, with: (input, parts) => ({ ...input, packets: parts as string[] }) },
});
