// struct rusage. man 2 getrusage.
import type { Abi } from "../../abi/abi.ts";
import { long, struct } from "../../abi/struct.ts";
import type { Usage } from "../core/process.ts";

const RUSAGE = struct("rusage", {
  utime_sec: long,
  utime_usec: long,
  stime_sec: long,
  stime_usec: long,
  maxrss: long,
  ixrss: long,
  idrss: long,
  isrss: long,
  minflt: long,
  majflt: long,
  nswap: long,
  inblock: long,
  oublock: long,
  msgsnd: long,
  msgrcv: long,
  nsignals: long,
  nvcsw: long,
  nivcsw: long,
});

const PAGE_KIB = 4;
/** struct rusage. */
export const rusageBytes = (u: Usage, abi: Abi): Uint8Array =>
  RUSAGE.encode(
    {
      utime_sec: Math.floor(u.user / 1e9),
      utime_usec: Math.floor((u.user % 1e9) / 1e3),
      stime_sec: Math.floor(u.system / 1e9),
      stime_usec: Math.floor((u.system % 1e9) / 1e3),
      maxrss: u.maxResident * PAGE_KIB,
      ixrss: 0,
      idrss: 0,
      isrss: 0,
      minflt: u.minorFaults,
      majflt: 0,
      nswap: 0,
      inblock: 0,
      oublock: 0,
      msgsnd: 0,
      msgrcv: 0,
      nsignals: 0,
      nvcsw: u.voluntarySwitches,
      nivcsw: u.involuntarySwitches,
    },
    abi,
  );
