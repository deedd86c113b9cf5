// x87: loads, stores, register moves. SDM Vol. 2A: FLD FILD FBLD FLDc, FST FIST FISTTP FBSTP, FXCH FFREE.

import type { Vendor } from "../../../machine/model.ts";
import type { Form, Meaning, Ops } from "../../ops.ts";
import { family, ofEachVendor, type Row } from "../../row.ts";
import { x87Constants } from "../../x87-operations.ts";
import { call, callOn, x87Of } from "./arithmetic.ts";

const loadFloat =
  (routine: string): Meaning =>
  (o) => {
    o.call(routine, o.get(0));
  };
const loadInteger =
  (w: number): Meaning =>
  (o) => {
    o.call("fild", o.sext(o.get(0), w));
  };

/** The address of the upper two of ten bytes. */
const upper = <V>(o: Ops<V>, i: Form, a: V): V => o.let("upper", o.zext(o.add(a, o.imm(8)), i.addressSize));
const loadTen =
  (routine: string): Meaning =>
  (o, i) => {
    const a = o.address(0);
    const low = o.load(undefined, a, 64);
    o.call(routine, low, o.load(undefined, upper(o, i, a), 16));
  };

/**
 * The value is computed. It is written unless an unmasked exception suppresses it. Then status and stack
 * change: routines/store.ts. On AMD's processors memory faults occur in both cases; Intel's do not access
 * memory that they do not write.
 */
const storing = <V>(o: Ops<V>, vendor: Vendor, pops: number, write: () => void, probe: () => void = () => o.rmw(0)): void => {
  o.when(o.call("stores"), write, vendor === "amd" ? probe : undefined);
  o.call("stored", o.imm(pops));
};
const storeFloat =
  (vendor: Vendor, routine: string, pops: number): Meaning =>
  (o) => {
    const v = o.call(routine);
    storing(o, vendor, pops, () => o.set(0, v));
  };
const storeInteger =
  (vendor: Vendor, w: number, truncate: number, pops: number): Meaning =>
  (o) => {
    const v = o.call("fist_value", o.imm(w), o.imm(truncate));
    storing(o, vendor, pops, () => o.set(0, o.zext(v, w)));
  };
/** Intel's processors write the lower eight bytes before they access the upper two. */
const storeTen =
  (vendor: Vendor, value: string, high: string): Meaning =>
  (o, i) => {
    const low = o.call(value);
    const a = o.address(0);
    const at = upper(o, i, a);
    const probe = () => {
      o.loadRmw(undefined, a, 64);
      o.loadRmw(undefined, at, 16);
    };
    storing(
      o,
      vendor,
      1,
      () => {
        if (vendor === "amd") probe();
        o.store(undefined, a, 64, low);
        o.store(undefined, at, 16, o.call(high));
      },
      probe,
    );
  };

const moves = (vendor: Vendor): readonly Row[] => {
  const x87 = x87Of(vendor);
  // biome-ignore format: table
  return [
  x87("fld", "D9 /0 Md", loadFloat("fld_f32")), x87("fld", "DD /0 Mq", loadFloat("fld_f64")), x87("fld", "DB /5 Mt", loadTen("fld_f80")), x87("fld", "D9 /0 STi", callOn("fld_st", 0)),
  x87("fild", "DF /0 Mw", loadInteger(16)), x87("fild", "DB /0 Md", loadInteger(32)), x87("fild", "DF /5 Mq", loadInteger(64)), x87("fbld", "DF /4 Mt", loadTen("fbld")),
  ...Object.keys(x87Constants).map((name, n) => x87(name, `D9 E${(8 + n).toString(16).toUpperCase()}`, call("fldc", n))),

  x87("fst", "D9 /2 Md", storeFloat(vendor, "fst_f32_value", 0)), x87("fstp", "D9 /3 Md", storeFloat(vendor, "fst_f32_value", 1)),
  x87("fst", "DD /2 Mq", storeFloat(vendor, "fst_f64_value", 0)), x87("fstp", "DD /3 Mq", storeFloat(vendor, "fst_f64_value", 1)), x87("fstp", "DB /7 Mt", storeTen(vendor, "fstp_f80_value", "fstp_f80_high")),
  x87("fist", "DF /2 Mw", storeInteger(vendor, 16, 0, 0)), x87("fistp", "DF /3 Mw", storeInteger(vendor, 16, 0, 1)), x87("fisttp", "DF /1 Mw", storeInteger(vendor, 16, 1, 1)),
  x87("fist", "DB /2 Md", storeInteger(vendor, 32, 0, 0)), x87("fistp", "DB /3 Md", storeInteger(vendor, 32, 0, 1)), x87("fisttp", "DB /1 Md", storeInteger(vendor, 32, 1, 1)),
  x87("fistp", "DF /7 Mq", storeInteger(vendor, 64, 0, 1)), x87("fisttp", "DD /1 Mq", storeInteger(vendor, 64, 1, 1)), x87("fbstp", "DF /6 Mt", storeTen(vendor, "fbstp_value", "fbstp_high")),

  x87("fst", "DD /2 STi", callOn("fst_st", 0, 0)), x87("fstp", "DD /3 STi", callOn("fst_st", 0, 1)), x87("fxch", "D9 /1 STi", callOn("fxch", 0)),
  x87("ffree", "DD /0 STi", callOn("ffree", 0, 0)),
  // Duplicates that the SDM's tables omit. AMD64 Architecture Programmer's Manual Vol. 3 Table A-14.
  x87("fstpnce", "D9 /3 STi", callOn("fstpnce", 0)), x87("fstp", "DF /2 STi", callOn("fst_st", 0, 1)), x87("fstp", "DF /3 STi", callOn("fst_st", 0, 1)),
  x87("fxch", "DD /1 STi", callOn("fxch", 0)), x87("fxch", "DF /1 STi", callOn("fxch", 0)), x87("ffreep", "DF /0 STi", callOn("ffree", 0, 1)),
];
};
/** The rows of x87 loads, stores and moves. */
export const x87Moves = family(() => ofEachVendor(moves));
