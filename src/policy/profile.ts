// A container's profile: rules by name with conditions on arguments, for one or more ABIs.
// OCI runtime-spec config-linux.md, "Seccomp"; the formats around it come down to this.
import type { Abi } from "../abi/abi.ts";
import type { Place, Source } from "./input/source.ts";

/** As libseccomp names them, without SCMP_CMP_. */
export type Operator = "NE" | "LT" | "LE" | "EQ" | "GE" | "GT" | "MASKED_EQ";

/** A condition of a rule on one argument. */
export interface Comparison {
  readonly index: 0 | 1 | 2 | 3 | 4 | 5;
  readonly op: Operator;
  /** Unsigned, 64 bits. With MASKED_EQ the mask. */
  readonly value: bigint;
  /** The value that MASKED_EQ compares the masked argument with. */
  readonly valueTwo: bigint;
}

/** One rule: names, an action, conditions that all hold. */
export interface Rule {
  readonly names: readonly string[];
  /** The return value, with data. */
  readonly action: number;
  /** All of them hold. */
  readonly args: readonly Comparison[];
  /** Places of the names, and of the rule. */
  readonly places: readonly Place[];
  readonly place: Place;
}

/** Rules of a container profile, conditions on the host resolved. */
export interface Profile {
  readonly source: Source;
  /** The return value for calls without a rule. */
  readonly defaultAction: number;
  /** The ABIs, the host's first. Empty: the host's only. */
  readonly abis: readonly Abi[];
  readonly rules: readonly Rule[];
  /** Things that a runtime passes over in silence. */
  readonly warnings: readonly Warning[];
}
/** Where a policy speaks of calls, and where its instructions stand. */
export interface Places {
  /** The rules for a call of an ABI, by its number as filters see it, in their order. */
  readonly ofCall?: (number: number, abi: Abi) => readonly Place[];
  readonly ofInstruction?: (pc: number) => Place | undefined;
}
/** Something in the text that a runtime passes over in silence. */
export interface Warning {
  readonly message: string;
  readonly place?: Place;
}
