// struct sysinfo of sysinfo(2). Linux uapi linux/sysinfo.h.
import { long, struct, u16, u32, ulong } from "../struct.ts";

/** Its members, without the padding at the end. */
export const SYSINFO = struct("sysinfo", {
  uptime: long,
  load1: ulong,
  load5: ulong,
  load15: ulong,
  totalram: ulong,
  freeram: ulong,
  sharedram: ulong,
  bufferram: ulong,
  totalswap: ulong,
  freeswap: ulong,
  procs: u16,
  pad: u16,
  totalhigh: ulong,
  freehigh: ulong,
  mem_unit: u32,
});
