// The silicon oracle's records: cases in, results out (oracle.h). A batch is one buffer; records are views
// into it.
import { WINDOW } from "./world.ts";

/** struct state. The order of general registers and of segments is that of src/cpu/machine/state.ts. */
export const stateAt = {
  gpr: 0,
  rip: 128,
  rflags: 136,
  fsBase: 144,
  gsBase: 152,
  selector: 160,
  fxsave: 176,
  ymmHigh: 688,
  size: 944,
} as const;
/** struct oracle_case. */
export const caseAt = {
  id: 0,
  codeOffset: 4,
  codeLength: 6,
  flags: 7,
  steps: 8,
  code: 12,
  before: 64,
  window: 64 + stateAt.size,
  size: 64 + stateAt.size + WINDOW.size,
} as const;
/** struct oracle_result. */
export const resultAt = {
  id: 0,
  signal: 4,
  trap: 5,
  steps: 6,
  spilled: 7,
  error: 8,
  siCode: 12,
  address: 16,
  cr2: 24,
  after: 32,
  window: 32 + stateAt.size,
  size: 32 + stateAt.size + WINDOW.size,
} as const;

export const MAX_CODE = caseAt.before - caseAt.code;
/** Case flag: run to an int3 or a fault; without it, single-step. */
export const RUN = 1;
const TRAPS = 2;

/** Offsets in the FXSAVE area. SDM Vol. 1 10.5.1. */
export const fxAt = { control: 0, status: 2, tag: 4, opcode: 6, ip: 8, dp: 16, mxcsr: 24, st: 32, xmm: 160, end: 416 } as const;

/** Records of one kind in one buffer. */
export class Batch {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly words: Uint32Array;
  readonly count: number;
  readonly size: number;

  constructor(size: number, countOrBytes: number | Uint8Array) {
    this.size = size;
    this.bytes = typeof countOrBytes === "number" ? new Uint8Array(size * countOrBytes) : countOrBytes;
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.words = new Uint32Array(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength >> 2);
    this.count = this.bytes.length / size;
  }
}

/** Registers at some offset of a batch. */
export class Registers {
  readonly view: DataView;
  readonly at: number;

  constructor(batch: Batch, at: number) {
    this.view = batch.view;
    this.at = at;
  }
  gpr(r: number): bigint {
    return this.view.getBigUint64(this.at + r * 8, true);
  }
  setGpr(r: number, v: bigint): void {
    this.view.setBigUint64(this.at + r * 8, v, true);
  }
  get rip(): bigint {
    return this.view.getBigUint64(this.at + stateAt.rip, true);
  }
  set rip(v: bigint) {
    this.view.setBigUint64(this.at + stateAt.rip, v, true);
  }
  get rflags(): number {
    return this.view.getUint32(this.at + stateAt.rflags, true);
  }
  set rflags(v: number) {
    this.view.setUint32(this.at + stateAt.rflags, v, true);
  }
  get fsBase(): bigint {
    return this.view.getBigUint64(this.at + stateAt.fsBase, true);
  }
  set fsBase(v: bigint) {
    this.view.setBigUint64(this.at + stateAt.fsBase, v, true);
  }
  get gsBase(): bigint {
    return this.view.getBigUint64(this.at + stateAt.gsBase, true);
  }
  set gsBase(v: bigint) {
    this.view.setBigUint64(this.at + stateAt.gsBase, v, true);
  }
  selector(s: number): number {
    return this.view.getUint16(this.at + stateAt.selector + s * 2, true);
  }
  setSelector(s: number, v: number): void {
    this.view.setUint16(this.at + stateAt.selector + s * 2, v, true);
  }
  get fxsave(): Uint8Array {
    return this.#bytes(stateAt.fxsave, 512);
  }
  get ymmHigh(): Uint8Array {
    return this.#bytes(stateAt.ymmHigh, 256);
  }
  #bytes(offset: number, size: number): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.at + offset, size);
  }
}

export class Case {
  readonly batch: Batch;
  readonly at: number;
  readonly before: Registers;

  constructor(batch: Batch, index: number) {
    this.batch = batch;
    this.at = index * caseAt.size;
    this.before = new Registers(batch, this.at + caseAt.before);
  }
  get id(): number {
    return this.batch.view.getUint32(this.at + caseAt.id, true);
  }
  set id(v: number) {
    this.batch.view.setUint32(this.at + caseAt.id, v, true);
  }
  /** Where the code begins in the code page. */
  get codeOffset(): number {
    return this.batch.view.getUint16(this.at + caseAt.codeOffset, true);
  }
  set codeOffset(v: number) {
    this.batch.view.setUint16(this.at + caseAt.codeOffset, v, true);
  }
  get run(): boolean {
    return this.batch.view.getUint8(this.at + caseAt.flags) === RUN;
  }
  set run(v: boolean) {
    this.batch.view.setUint8(this.at + caseAt.flags, v ? RUN : 0);
  }
  /** The instruction shows that it is stepped by EFLAGS.TF: it must be set wherever the case runs. */
  get traps(): boolean {
    return this.batch.view.getUint8(this.at + caseAt.flags) === TRAPS;
  }
  set traps(v: boolean) {
    this.batch.view.setUint8(this.at + caseAt.flags, v ? TRAPS : 0);
  }
  get steps(): number {
    return Math.max(1, this.batch.view.getUint8(this.at + caseAt.steps));
  }
  set steps(v: number) {
    this.batch.view.setUint8(this.at + caseAt.steps, v);
  }
  get code(): Uint8Array {
    return this.batch.bytes.subarray(this.at + caseAt.code, this.at + caseAt.code + this.batch.view.getUint8(this.at + caseAt.codeLength));
  }
  set code(v: Uint8Array) {
    this.batch.view.setUint8(this.at + caseAt.codeLength, v.length);
    this.batch.bytes.set(v, this.at + caseAt.code);
  }
  /** Where the window lies in the batch. */
  get windowAt(): number {
    return this.at + caseAt.window;
  }
  get window(): Uint8Array {
    return this.batch.bytes.subarray(this.windowAt, this.windowAt + WINDOW.size);
  }
}

export class Result {
  readonly batch: Batch;
  readonly at: number;
  readonly after: Registers;

  constructor(batch: Batch, index: number) {
    this.batch = batch;
    this.at = index * resultAt.size;
    this.after = new Registers(batch, this.at + resultAt.after);
  }
  get id(): number {
    return this.batch.view.getUint32(this.at + resultAt.id, true);
  }
  get signal(): number {
    return this.batch.view.getUint8(this.at + resultAt.signal);
  }
  get trap(): number {
    return this.batch.view.getUint8(this.at + resultAt.trap);
  }
  get steps(): number {
    return this.batch.view.getUint8(this.at + resultAt.steps);
  }
  get spilled(): boolean {
    return this.batch.view.getUint8(this.at + resultAt.spilled) !== 0;
  }
  get error(): number {
    return this.batch.view.getUint32(this.at + resultAt.error, true);
  }
  get siCode(): number {
    return this.batch.view.getInt32(this.at + resultAt.siCode, true);
  }
  get address(): bigint {
    return this.batch.view.getBigUint64(this.at + resultAt.address, true);
  }
  get cr2(): bigint {
    return this.batch.view.getBigUint64(this.at + resultAt.cr2, true);
  }
  get window(): Uint8Array {
    return this.batch.bytes.subarray(this.at + resultAt.window, this.at + resultAt.window + WINDOW.size);
  }
}

export const caseBatch = (count: number): Batch => new Batch(caseAt.size, count);
