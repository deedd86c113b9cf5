// Moments that a run meets at an instruction: the code at an address, the start of main, the call that ends
// the
// program. A copy runs ahead and finds the count of instructions; the machine itself then runs to exactly
// there.
import { Problem } from "../../problem.ts";
import { moduleOf } from "../stack/symbols.ts";
import { callName } from "../tracing/call-text.ts";
import { wordsOf } from "./arguments.ts";
import type { Live } from "./live.ts";
import type { RunLimits } from "./options.ts";

/** The moments of this file among the conditions of `runUntil`. */
export type MomentPlace = { readonly address: number } | { readonly main: true } | { readonly exit: true };

const BREAK = 0xcc;
const SIGTRAP = 5;
/** Auxiliary vector: the entry of the program. Linux uapi linux/auxvec.h. */
const AT_ENTRY = 9;
/** Instructions of _start before it calls __libc_start_main, at most. glibc sysdeps/x86_64/start.S */
const START = 40;
const RDI = 7;

const bad = (message: string, help?: string): Problem => new Problem("bad-moment", message, { help });

/** The copy runs until the code at an address comes next: the instructions before it. */
const before = async (scout: Live, address: number, limits: RunLimits): Promise<number | undefined> => {
  const { kernel, session } = scout;
  const { mem } = session.process.leader;
  if (mem.poke(address, Uint8Array.of(BREAK)) !== 1)
    throw bad(`there is no code at 0x${address.toString(16)}`, "the address is one of the program's memory, as /proc/PID/maps shows it");
  let found: number | undefined;
  session.observe({
    checksCalls: false,
    signal(_, { signo }) {
      const { state, instructions } = kernel.processor;
      if (found !== undefined || signo !== SIGTRAP || state.rip - 1 !== address) return;
      // The breakpoint itself is one.
      found = instructions - 1;
      kernel.scheduler.endRun();
    },
  });
  await scout.rest(limits, () => found !== undefined);
  return found;
};

/** Registers of the task that runs. */
const register = (scout: Live, n: number): number => Number(scout.kernel.processor.state.u64[n]);

/** The address of main: a symbol of the program, or the first argument of __libc_start_main. */
const mainOf = async (live: Live, limits: RunLimits): Promise<number | undefined> => {
  const { leader } = live.session.process;
  const isLong = leader.program.abi.name === "x64";
  const entry = isLong ? wordsOf(leader.mem.auxv).get(AT_ENTRY) : undefined;
  if (entry === undefined) throw bad("main is found in 64-bit programs only", "give { address }");
  const backing = leader.mem.areas.find(entry)?.file?.backing;
  const module = backing ? moduleOf(backing) : null;
  if (!module) throw bad("the program has no entry");
  const symbol = module.functionNamed("main");
  if (symbol !== undefined) return entry - module.header.entry + symbol;
  const at = await before(live.scout(), entry, limits);
  if (at === undefined) return undefined;
  const scout = live.scout();
  const code = new Uint8Array(1);
  for (let n = 0; n < START; n++) {
    if (!(await scout.until({ instructions: at + n }, limits))) break;
    scout.kernel.scheduler.current?.mem.peek(scout.kernel.processor.state.rip, code);
    // call rel32, or call *[rip+n].
    if (code[0] === 0xe8 || code[0] === 0xff) {
      const main = register(scout, RDI);
      if (main > 0 && main < 2 ** 47) return main;
    }
  }
  throw bad("main was not found: the program has no symbol, and does not start as programs of the C library do", "give { address }");
};

/** The instructions before a place; undefined if the program does not come there. */
export const instructionsBefore = async (live: Live, place: MomentPlace, limits: RunLimits): Promise<number | undefined> => {
  if ("exit" in place) {
    const scout = live.scout();
    const { kernel, session } = scout;
    let found: number | undefined;
    session.observe({
      enter(task, call) {
        const name = callName(task, call);
        if (
          found !== undefined ||
          task.process !== session.process ||
          (name !== "exit_group" && !(name === "exit" && task.process.threads.length === 1))
        )
          return;
        found = kernel.processor.instructions - 1;
        kernel.scheduler.endRun();
      },
    });
    await scout.rest(limits, () => found !== undefined);
    return found;
  }
  const address = "address" in place ? place.address : await mainOf(live, limits);
  return address === undefined ? undefined : before(live.scout(), address, limits);
};
