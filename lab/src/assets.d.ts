// Types of imports that Vite replaces by files' contents or addresses.
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
