// The file of a recording: its frames are deflated, or compressed by zstd where the host has it. Both are
// read on every host.
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { unpacker } from "../../src/cli/recorded.ts";
import { crc32 } from "../../src/host/node-internals.ts";
import { unzstd } from "../../src/image/zstd.ts";
import { type FrameItem, FrameWriter, isRecording, itemsOf, type Packer } from "../../src/machine/recording/frames.ts";
import { Recorder } from "../../src/machine/recording/recorder.ts";

/** A frame of zstd with its bytes as they are. RFC 8878 3.1.1. */
const storedZstd = (bytes: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(12 + bytes.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 0xfd2f_b528, true);
  // A single segment, and four bytes of its length; then the last block, which is a raw one.
  frame[4] = 0xa0;
  view.setUint32(5, bytes.length, true);
  const block = (bytes.length << 3) | 1;
  frame.set([block & 0xff, (block >> 8) & 0xff, block >> 16], 9);
  frame.set(bytes, 12);
  return frame;
};
const packers: readonly Packer[] = [
  { codec: "deflate", pack: (bytes) => deflateRawSync(bytes), crc32 },
  { codec: "deflate", pack: async (bytes) => deflateRawSync(bytes), crc32 },
  { codec: "zstd", pack: storedZstd, crc32 },
];
const written = async (packer: Packer, frames: readonly (readonly FrameItem[])[]): Promise<Uint8Array> => {
  const parts: Uint8Array[] = [];
  const file = new FrameWriter((bytes) => void parts.push(bytes.slice()), packer);
  for (const items of frames) {
    for (const item of items) file.add(item);
    file.flush();
  }
  await file.close();
  return new Uint8Array(Buffer.concat(parts));
};

describe("the frames of a recording", () => {
  it.each(packers)("are read as they were written ($codec)", async (packer) => {
    const items: readonly FrameItem[][] = [
      [{ facts: { kind: "run" } }, { bytes: new Uint8Array(70_000).fill(7) }],
      [{ bytes: Uint8Array.of(1, 2, 3) }],
    ];
    const file = await written(packer, items);
    expect(isRecording(file)).toBe(true);
    const read = Array.from(itemsOf(file, unpacker), (item) => ("bytes" in item ? { bytes: new Uint8Array(item.bytes) } : item));
    expect(read).toEqual(items.flat());
    // Half a frame is none.
    expect([...itemsOf(file.subarray(0, -1), unpacker)].length).toBeLessThan(3);
  });
  it("are read in earlier formats, and those of other builds have a clear message", async () => {
    const file = await written(packers[0] as Packer, [[{ facts: [] }]]);
    const numbered = (n: number): Uint8Array =>
      new Uint8Array(Buffer.concat([Buffer.from(`trapgate recording ${n}\n`), file.subarray(21)]));
    expect(numbered(4)).toEqual(file);
    expect([...itemsOf(numbered(2), unpacker)]).toEqual([{ facts: [] }]);
    expect(isRecording(numbered(12))).toBe(true);
    expect(() => [...itemsOf(numbered(12), unpacker)]).toThrow("it has the format 12, and this trapgate reads 2, 3, 4, 5");
  });
  it("of zstd need no zstd of the host", () => {
    const packed = Uint8Array.from(Buffer.from("KLUv/WBMA5UAAFhzb21lIGJ5dGVzCgEAPvgvXg==", "base64"));
    const text = "some bytes\n".repeat(100);
    expect(new TextDecoder().decode(unzstd(packed, 1100))).toBe(text);
    expect(() => unzstd(packed, 1099)).toThrow("too large");
    expect(() => unzstd(packed.subarray(0, 20), 1100)).toThrow();
  });
  it("have equal bytes twice", async () => {
    const recorder = new Recorder(
      () => {},
      packers[0] as Packer,
      (a, b) => Buffer.compare(a, b) === 0,
    );
    const page = new Uint8Array(4096).fill(1);
    // A page that differs where the look has no byte.
    const like = page.slice();
    like[5] = 2;
    const numbers = [page, page, page, page, like, like, page, new Uint8Array(9)].map((bytes) => recorder.bytes(bytes));
    expect(numbers).toEqual([0, 1, 1, 1, 2, 2, 3, 4]);
    // Copies are bounded: the oldest one goes.
    const large = Array.from({ length: 5 }, (_, i) => new Uint8Array(2 ** 22).fill(i));
    const twice = large.flatMap((bytes) => [recorder.bytes(bytes), recorder.bytes(bytes)]);
    expect(twice).toEqual(Array.from({ length: 10 }, (_, i) => 5 + i));
    expect([large[4], large[0], large[4]].map((bytes) => recorder.bytes(bytes as Uint8Array))).toEqual([14, 15, 14]);
    await recorder.end();
  });
});
