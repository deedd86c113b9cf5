// Registers before and after the call, with changes marked.
import type { Registers } from "trapgate";
import { hex } from "./hex.ts";

export const RegistersView = ({ before, after }: { readonly before: Registers; readonly after: Registers | undefined }) => (
  <section aria-label="Registers">
    <h3>Registers</h3>
    <div class="scroll">
      <table class="registers">
        <thead>
          <tr>
            <th scope="col">name</th>
            <th scope="col">before</th>
            <th scope="col">after</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(before).map(([name, value]) => {
            const now = after?.[name];
            const changed = now !== undefined && now !== value;
            return (
              <tr key={name} class={changed ? "changed" : ""}>
                <th scope="row">{name}</th>
                <td>
                  <code>{hex(value)}</code>
                </td>
                <td>
                  <code>{now === undefined ? "" : changed ? hex(now) : "="}</code>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  </section>
);
