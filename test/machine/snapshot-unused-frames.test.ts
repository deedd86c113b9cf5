// Frames of a copy that nothing has used: their bytes are only in the snapshot, which all copies share. Each
// way of the kernel to a frame's bytes must bring them first.
import { existsSync } from "node:fs";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { Machine } from "../../src/machine/machine.ts";
import { difference } from "../../src/machine/snapshot/difference.ts";
import { Live } from "../../src/machine/snapshot/live.ts";
import { verification } from "../../src/machine/snapshot/pages.ts";
import { PAGE_SIZE, since } from "../../src/memory/frames.ts";
import { missing, type Need } from "../support/host.ts";

const sh: Need = { what: "/bin/sh", met: existsSync("/bin/sh") };
const python: Need = { what: "/usr/bin/python3", met: existsSync("/usr/bin/python3") };
const root = hostTree("/");
const shell = (script: string): Live => new Live(new Machine({ root }), "/bin/sh", { args: ["-c", script] });
/** The frames of a machine without their bytes, and those that occupy memory. */
const figures = ({ kernel: { frames } }: Live) => ({
  unused: frames.tracking?.written.filter((what) => what === since.unused).length ?? 0,
  used: frames.touchedBytes / PAGE_SIZE,
});

describe.skipIf(missing("copies of a shell", sh))("a copy of a shell", () => {
  verification.isOn = true;
  it("shares all frames until it runs, and most of them until it ends", async () => {
    const original = shell("read line; echo $line");
    await original.until({ idle: true });
    const state = original.save();
    const content = state.pages.bytes.filter((page) => page !== undefined).length;
    const copy = Live.copy(state, original.machine.options, { stdin: "a line\n" });
    const before = figures(copy);
    expect(before.unused).toBe(content);
    expect(before.used).toBe(state.pages.numbers.length - content);
    const again = copy.save();
    expect(again.pages.bytes).toEqual(state.pages.bytes);
    for (const [i, page] of again.pages.bytes.entries()) expect(page).toBe(state.pages.bytes[i]);
    expect((await copy.finish()).stdout.text).toBe("a line\n");
    const after = figures(copy);
    expect(after.unused).toBeGreaterThan(content / 2);
    expect(after.used).toBeLessThan(before.used + content / 2);
  });

  it("goes back in place with frames that it has used, freed, and not used", async () => {
    const original = shell("x=1; read line; echo $line $x; read other; echo $other");
    await original.until({ idle: true });
    const first = original.save();
    const copy = Live.copy(first, original.machine.options);
    copy.write("one\n");
    await copy.until({ idle: true });
    const second = copy.save();
    for (let n = 0; n < 3; n++) {
      copy.restore(second, { stdin: `two ${n}\n` });
      expect((await copy.finish()).stdout.text).toBe(`two ${n}\n`);
      copy.restore(first, { stdin: `three\nfour ${n}\n` });
      expect((await copy.finish()).stdout.text).toBe(`three 1\nfour ${n}\n`);
    }
    copy.restore(first);
    expect(difference(original.kernel, copy.kernel)).toBeUndefined();
  });
});

/** Pipes, files in memory, shared and huge pages, written before the snapshot and first read after it. */
const WAYS = `
import ctypes, mmap, os, sys
r, w = os.pipe(); os.write(w, b"pipe")
fd = os.memfd_create("m"); os.write(fd, b"m" * 5000)
f = open("/tmp/trapgate-unused-f", "w+b"); f.write(b"f" * 9000); f.flush()
shared = mmap.mmap(fd, 5000); private = mmap.mmap(f.fileno(), 9000, mmap.MAP_PRIVATE)
shared[4990] = 83; private[5000] = 80
own = bytearray(b"o" * 20000)
open("/proc/sys/vm/nr_hugepages", "w").write("2")
huge = mmap.mmap(-1, 2 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000); huge[1 << 20] = 72
r2, w2 = os.pipe(); os.write(w2, b"only read")
fd2 = os.memfd_create("n"); os.write(fd2, b"n" * 5000)
g = os.open("/tmp/trapgate-unused-g", os.O_RDWR | os.O_CREAT); os.write(g, b"g" * 9000)
mapped = mmap.mmap(g, 9000); mapped[8100] = 77
h = os.open("/tmp/trapgate-unused-h", os.O_RDWR | os.O_CREAT); os.write(h, b"h" * 9000)
cow = mmap.mmap(h, 9000, mmap.MAP_PRIVATE); seen = cow[0], cow[5000]
t = os.open("/tmp/trapgate-unused-t", os.O_RDWR | os.O_CREAT); os.write(t, b"t" * 9000)
sys.stdin.readline()
print(os.read(r2, 100), os.pread(fd2, 8, 4090), os.pread(g, 5, 8098))
cow[5001] = 67; print(cow[4999:5003])
os.ftruncate(t, 4100); print(os.pread(t, 20, 4090))
os.write(w, b" more"); print(os.read(r, 100))
os.pwrite(fd, b"x", 4999); print(os.pread(fd, 20, 4985), shared[4985:5000])
os.ftruncate(fd, 4995); os.ftruncate(fd, 5010); print(os.pread(fd, 20, 4990))
f.seek(8995); f.write(b"end of f"); f.flush(); f.seek(8990); print(f.read(), private[4998:5003])
mem = os.open("/proc/self/mem", os.O_RDWR)
at = ctypes.addressof(ctypes.c_char.from_buffer(own))
os.pwrite(mem, b"by /proc", at + 15000); print(os.pread(mem, 12, at + 14998), own[4094:4098])
sys.stdout.flush()
if os.fork() == 0: huge[0] = 67; own[0:3] = b"kid"; print(huge[1 << 20], own[:5]); sys.stdout.flush(); os._exit(0)
os.wait(); print(huge[0], huge[1 << 20], own[:5])
`;
/** Written by hand: what the script's calls return by their manual pages. */
const SHOWN = `b'only read' b'nnnnnnnn' b'ggMgg'
b'hhCh'
b'tttttttttt'
b'pipe more'
b'mmmmmSmmmmmmmmx' b'mmmmmSmmmmmmmmx'
b'Smmmm${"\\x00".repeat(15)}'
b'fffffend of f' b'ffPff'
b'ooby /procoo' bytearray(b'oooo')
72 bytearray(b'kidoo')
0 72 bytearray(b'ooooo')
`;
describe.skipIf(missing("copies of python", python))("the bytes of frames come with their first use", () => {
  it.each(["interpret", "baseline", "jit", "auto"] as const)("%s", { timeout: 120_000 }, async (engine) => {
    const live = new Live(new Machine({ root, engine: "auto" }), "/usr/bin/python3", { args: ["-Sc", WAYS] });
    await live.until({ idle: true });
    const state = live.save();
    const copy = Live.copy(state, { ...live.machine.options, engine }, { stdin: "\n" });
    live.write("\n");
    const [run, other] = [await live.finish(), await copy.finish()];
    expect(run.stderr.text).toBe("");
    expect(run.stdout.text).toBe(SHOWN);
    expect(other.stdout.text).toBe(run.stdout.text);
    expect(difference(live.kernel, copy.kernel)).toBeUndefined();
  });
});
