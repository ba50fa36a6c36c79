/** Whether `text` is an origin as browsers send it: scheme, host and perhaps a port, nothing behind. */
export function isWebOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}
