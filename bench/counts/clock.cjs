// The clock of counted runs: each reading is a tenth of a millisecond after the one before. Under callgrind real time says
// how busy the host is, and decides how often a run gives way to the event loop. Natively a run reads the clock after
// 64 calls or some 10 000 instructions, which take about so long.
const STEP = 0.1;
/** January 2027. */
let now = 1_800_000_000_000;
Date.now = () => {
  now += STEP;
  return Math.floor(now);
};
