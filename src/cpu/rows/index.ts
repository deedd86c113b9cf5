// All instruction rows. Their order is the numbering of forms; nothing else depends on it.
import type { Row } from "../row.ts";
import { alu } from "./alu.ts";
import { branches } from "./branch.ts";
import { move } from "./mov.ts";
import { shifts } from "./shift.ts";
import { stack } from "./stack.ts";

export const rows: readonly Row[] = [...alu, ...move, ...stack, ...branches, ...shifts];

/** Changes with any row's encoding; a changed meaning is the build's to notice. */
export const rowsKey = (): string => `${rows.length} rows, ${rows.reduce((n, r) => n + r.encoding.length, 0)} characters`;
