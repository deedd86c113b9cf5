// What Vite makes of imports that are no modules.
declare module "*?raw" {
  const text: string;
  export default text;
}
declare module "*.css";
interface ImportMeta {
  glob<T>(
    pattern: string | readonly string[],
    options: { readonly query?: string; readonly import?: string; readonly eager: true },
  ): Record<string, T>;
}
