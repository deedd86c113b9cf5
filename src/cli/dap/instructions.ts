// Instructions around an address. x86's have no fixed length, so those before it are found from the beginning
// of its function.
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Gdb } from "./gdb.ts";
import { list, type MiTuple, text, tuple } from "./mi.ts";

/** The longest instruction. SDM Vol. 2A 2.3.11 */
const LONGEST = 15n;
const hex = (n: bigint): string => `0x${n.toString(16)}`;

const listed = async (gdb: Gdb, where: string): Promise<MiTuple[]> => {
  const found = await gdb.send(`-data-disassemble ${where} -- 2`).catch((): MiTuple => ({}));
  return list(found["asm_insns"]).map(tuple);
};
const instruction = (line: MiTuple): DebugProtocol.DisassembledInstruction => {
  const [name, offset] = [text(line["func-name"]), text(line["offset"])];
  return {
    address: text(line["address"]),
    instructionBytes: text(line["opcodes"]),
    instruction: text(line["inst"]),
    ...(name === "" ? {} : { symbol: offset === "0" ? name : `${name}+${offset}` }),
  };
};
const nothing = (address: bigint): DebugProtocol.DisassembledInstruction => ({
  address: hex(address < 0n ? 0n : address),
  instruction: "??",
});

/** As many instructions as the editor wants; those that cannot be read are `??`. */
export const disassembled = async (
  gdb: Gdb,
  args: DebugProtocol.DisassembleArguments,
): Promise<DebugProtocol.DisassembledInstruction[]> => {
  const { memoryReference, offset = 0, instructionOffset = 0, instructionCount } = args;
  const address = BigInt(memoryReference) + BigInt(offset);
  const same = (line: MiTuple): boolean => BigInt(text(line["address"]) || "0") === address;
  const before = instructionOffset < 0 ? await listed(gdb, `-a ${hex(address)}`) : [];
  const at = before.findIndex(same);
  const earlier = at < 0 ? [] : before.slice(Math.max(0, at + instructionOffset), at).map(instruction);
  const missing = Math.max(0, -instructionOffset - earlier.length);
  const first = BigInt(earlier[0]?.address ?? hex(address));
  const padding = Array.from({ length: missing }, (_, i) => nothing(first - BigInt(missing - i)));
  const wanted = Math.max(0, instructionCount + Math.min(0, instructionOffset)) + Math.max(0, instructionOffset);
  const after = (await listed(gdb, `-s ${hex(address)} -e ${hex(address + BigInt(wanted) * LONGEST)}`))
    .map(instruction)
    .slice(Math.max(0, instructionOffset));
  const all = [...padding, ...earlier, ...after].slice(0, instructionCount);
  const end = BigInt(all.at(-1)?.address ?? hex(address));
  return [...all, ...Array.from({ length: Math.max(0, instructionCount - all.length) }, (_, i) => nothing(end + BigInt(i) + 1n))];
};
