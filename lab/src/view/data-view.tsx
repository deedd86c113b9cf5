// struct seccomp_data, byte by byte, with the names of its words.
import { profileOf, wordsIn } from "../state/path.ts";
import { wordText } from "./words.ts";

const byteText = (byte: number): string => byte.toString(16).padStart(2, "0");

export const DataView = ({ data, kernel, abi }: { readonly data: Uint8Array; readonly kernel: string; readonly abi: string }) => {
  const { words } = profileOf(kernel).layout;
  const values = wordsIn(data);
  return (
    <section aria-label="struct seccomp_data">
      <h3>
        struct seccomp_data <span class="faint">{data.length} bytes</span>
      </h3>
      <div class="scroll">
        <table class="data">
          <thead class="visually-hidden">
            <tr>
              <th>Offset</th>
              <th>Bytes</th>
              <th>Word</th>
              <th>Value</th>
            </tr>
          </thead>
          <tbody>
            {words.map((word, n) => (
              <tr key={word + String(n)} class={values[n] === 0 ? "zero" : ""}>
                <td class="faint">{4 * n}</td>
                <td>
                  <code>{[...data.subarray(4 * n, 4 * n + 4)].map(byteText).join(" ")}</code>
                </td>
                <td>{word.replace("instruction_pointer", "ip")}</td>
                <td>{wordText(word, values[n] as number, abi)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
};
