// A machine from a saved state, with the changes that its owner wants.
import type { Kernel } from "../../kernel/core/kernel.ts";
import { Machine } from "../machine.ts";
import type { FileOptions } from "../options.ts";
import type { Started } from "../session.ts";
import { fileAt, putFile } from "../tree.ts";
import { setArguments } from "./arguments.ts";
import type { ForkOptions } from "./options.ts";
import { reseed } from "./processor-state.ts";
import { resume, type SavedState } from "./snapshot.ts";

/** Puts a file into a machine that runs: its next lookup finds it. */
const replaceFile = ({ vfs }: Kernel, path: string, file: string | Uint8Array | FileOptions): void => {
  const { content, mode = 0o644 } = typeof file === "string" || file instanceof Uint8Array ? { content: file } : file;
  putFile(vfs, path, typeof content === "string" ? new TextEncoder().encode(content) : content, mode);
  const { dentry } = fileAt(vfs, path);
  dentry.parent.children.delete(dentry.name);
};

/** Makes the changes in a copy that its owner wants. */
export const prepare = (kernel: Kernel, started: Started | undefined, { args, env, files = {}, seed }: ForkOptions): void => {
  if (started && (args ?? env) !== undefined) setArguments(kernel, started.process.leader, args, env);
  for (const [path, file] of Object.entries(files)) replaceFile(kernel, path, file);
  if (seed !== undefined) reseed(kernel, seed);
};

/** A machine in a state, with the changes that its owner wants. */
export const machineOf = (
  state: SavedState,
  boot: Machine["options"],
  options: ForkOptions,
): { readonly machine: Machine; readonly program: Started } => {
  const { booted, started } = resume(state, boot, options);
  const machine = new Machine(boot, undefined, booted);
  prepare(machine.kernel, started, options);
  return { machine, program: started as Started };
};
