// The exports of the WebAssembly module: routines of instruction rows, and the fast decoder. The first lines
// of each file name its instructions.
export { arith_f32, arith_f64, arith_i32, arith_st, arith_to, fsqrt } from "./operate";
export { fcom, fcomi, ftst, fxam } from "./compare";
export { fbld, fild, fld_f32, fld_f64, fld_f80, fld_st, fldc } from "./load";
export { fbstp_high, fbstp_value, fist_value, fst_f32_value, fst_f64_value, fstp_f80_high, fstp_f80_value, stored, stores } from "./store";
export * from "./value";
export { fabs, fchs, fcmov, fdecstp, ffree, fincstp, fst_st, fstpnce, fxch } from "./move";
export { frndint, fscale, fxtract } from "./scale";
export { fprem, fprem1 } from "./remainder";
export { fldcw, fnclex, fninit } from "./environment";
export * from "./sse/index";
export { fcos, fptan, fsin, fsincos, transcendental_intel } from "./transcendental/trigonometry";
export { f2xm1 } from "./transcendental/exponential";
export { fyl2x, fyl2xp1 } from "./transcendental/logarithm";
export { fpatan } from "./transcendental/arctangent";
export { bits_deposit, bits_extract } from "./bits";
export { crc32c } from "./crc";
export { aes_decrypt, aes_decrypt_last, aes_encrypt, aes_encrypt_last, aes_substitute, aes_unmix, galois_inverse } from "./galois";
export { carryless_high, carryless_low } from "./carryless";
export { decode_alike, decode_know, decode_learn } from "./alike";
export { block_behind, block_jumped } from "./blocks";
