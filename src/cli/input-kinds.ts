/** What a command's inputs are, for messages and for the files that it looks for in folders. */
export interface InputKind {
  readonly noun: 'picture' | 'text';
  /** In lower case, with the dot. */
  readonly extensions: ReadonlySet<string>;
}

export const PICTURES: InputKind = {
  noun: 'picture',
  extensions: extensions('jpg jpeg jpe jfif png apng gif webp tif tiff bmp dib ico ppm pgm pbm pnm avif'),
};

export const TEXTS: InputKind = { noun: 'text', extensions: extensions('txt text md markdown rst') };

function extensions(names: string): ReadonlySet<string> {
  return new Set(names.split(' ').map((name) => `.${name}`));
}
