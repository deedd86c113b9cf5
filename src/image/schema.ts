// The JSON of images: docker save's manifest.json; OCI's index, manifest, configuration. OCI image
// specification 1.1; moby image/spec.
import { z } from "zod";
import { Problem } from "../problem.ts";

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "is no sha256 digest");
const descriptor = z.object({
  mediaType: z.string().optional(),
  digest,
  platform: z.object({ architecture: z.string(), os: z.string() }).optional(),
});
/** manifest.json of docker save. */
export const dockerManifest = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()).max(256) })).min(1);
/** index.json, and an index inside of it. */
export const index = z.object({ manifests: z.array(descriptor).min(1).max(1000) });
/** An image manifest. */
export const manifest = z.object({ config: descriptor, layers: z.array(descriptor).max(256) });
const words = z.array(z.string()).nullish();
/** The configuration: the part that says how the image's program starts. */
export const configuration = z.object({
  architecture: z.string().optional(),
  rootfs: z.object({ diff_ids: z.array(digest).max(256).nullish() }).nullish(),
  config: z.object({ Env: words, User: z.string().nullish(), Entrypoint: words, Cmd: words, WorkingDir: z.string().nullish() }).nullish(),
});
/** The start of the image's program. */
export type Configuration = z.infer<typeof configuration>;

/**
 * JSON text by a schema. `name`: the text's name in messages.
 *
 * @throws {Problem} It is no JSON, or has another form.
 */
export const parsed = <T>(schema: z.ZodType<T>, text: string, name: string): T => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Problem("bad-image", `${name} of the image is no JSON`, { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new Problem("bad-image", `${name} of the image is wrong at ${issue?.path.join(".") || "its top"}: ${issue?.message}`);
};
