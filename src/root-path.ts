const ROOT_PATH = /^(?:\/[A-Za-z0-9._~-]+)+$/;

/** Whether `text` can be what a proxy puts before every path: `/tools/predict`, without a slash at its end. */
export function isRootPath(text: string): boolean {
  return ROOT_PATH.test(text) && !/\/\.{1,2}(?=\/|$)/.test(text);
}
