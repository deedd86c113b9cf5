// `trapgate pack`: a recording without what its run does not use of files.
import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../host/node-internals.ts";
import type { Packer } from "../../machine/recording/frames.ts";
import { packRecording } from "../../machine/recording/pack.ts";
import { Problem } from "../../problem.ts";
import { parse } from "../arguments.ts";
import type { Command } from "../command.ts";
import { isRecordingFile, unpacker } from "../recorded.ts";
import { writeOutput } from "../save/output-file.ts";

const options = { output: { type: "string", short: "o" } } as const;

/** `trapgate pack`: the entry of the table of commands. */
export const command: Command = {
  synopsis: "-o FILE RECORDING",
  summary: "make a recording small: without the code and data of files that its run does not use",
  get options() {
    return [["-o, --output FILE", "the small recording"]] as const;
  },
  async run(args) {
    const { values, rest } = parse(args, options);
    const [file, ...more] = rest;
    const { output } = values;
    if (file === undefined) throw new Problem("missing-argument", "pack which recording?");
    if (output === undefined) throw new Problem("missing-argument", "pack into which file?", { help: "pack -o FILE RECORDING" });
    if (more.length > 0) throw new Problem("usage", `one recording at a time: ${JSON.stringify(more[0])} is too much`);
    if (!isRecordingFile(file)) throw new Problem("bad-recording", `${file} is no recording`);
    const bytes = readFileSync(file);
    const packer: Packer = { codec: "deflate", pack: (plain) => deflateRawSync(plain, { level: 9, memLevel: 9 }), crc32 };
    const packed = await packRecording(bytes, { unpacker, packer, boot: {} });
    writeOutput(output, packed);
    return 0;
  },
};
