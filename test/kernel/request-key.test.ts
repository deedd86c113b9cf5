// request_key(2) with /sbin/request-key, which the kernel starts. There is no native run, because it would
// start the program for all users of the host.

import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { endOfRun } from "../support/guest.ts";
import { missing } from "../support/host.ts";
import { guestsFromC, type Mode, nativeGuest } from "../support/native-guest.ts";

describe.skipIf(missing("programs that construct keys", guestsFromC))("request_key", { timeout: 60_000 }, () => {
  it.each(["-m64", "-m32"] satisfies Mode[])("runs the program that instantiates, refuses or ignores a key (gcc %s)", async (mode) => {
    const file = { content: await nativeGuest("request", mode), mode: 0o755 };
    const run = await Machine.run("/request", { files: { "/request": file, "/sbin/request-key": file }, timeout: 50 });
    // Eight arguments, two variables, user 0. The authorisation was found, and the requester's ring has one
    // key.
    expect(run.stdout.text).toBe(`given: 1, in the ring 1, read 10 info:820++, again 1
in parts: 1, in the ring 1, read 14 iov:info:820++, again 1
refused: -129, in the ring 0, read -129 , again 0
ignored: -126, in the ring 0, read -126 , again 1
`);
    expect(endOfRun(run)).toBe(0);
  });
});
