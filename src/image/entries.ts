// The entries of a tar archive, one by one. POSIX pax, with the extensions of GNU tar.
import { createTarDecoder, type TarHeader } from "modern-tar";
import type { WorkBudget } from "../budget.ts";
import { Problem } from "../problem.ts";

/** A stream that takes the next chunk when it is wanted. */
const streamOf = (source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> => {
  const chunks = source[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
};

/** One entry of a tar archive. Its body must be read before the next entry is asked for. */
export interface TarEntry {
  readonly header: TarHeader;
  readonly body: AsyncIterable<Uint8Array>;
}
const notTar = (cause: unknown, name: string): Problem =>
  cause instanceof Problem ? cause : new Problem("bad-image", `${name} is no tar archive: ${(cause as Error).message}`, { cause });
/** The bytes of an entry. The archive may end inside of it. */
async function* checked(body: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw notTar(cause, name);
  }
}
/** The entries of a tar archive without compression. */
export async function* entries(source: AsyncIterable<Uint8Array>, name: string, budget: WorkBudget): AsyncGenerator<TarEntry> {
  const reader = streamOf(source)
    .pipeThrough(createTarDecoder({ strict: true }) as never)
    .getReader() as ReadableStreamDefaultReader<{
    readonly header: TarHeader;
    readonly body: ReadableStream<Uint8Array>;
  }>;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      budget.check();
      yield { header: value.header, body: checked(value.body as unknown as AsyncIterable<Uint8Array>, name) };
    }
  } catch (cause) {
    throw notTar(cause, name);
  } finally {
    await reader.cancel().catch(() => {});
  }
}
