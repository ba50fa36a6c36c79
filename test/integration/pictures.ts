/** A gray picture without compression, P5, that takes a runner as long as it is large: about a second per 80 megapixels. */
export function largePicture(width: number, height: number): Uint8Array {
  return Buffer.concat([Buffer.from(`P5 ${width} ${height} 255\n`), Buffer.alloc(width * height, 7)]);
}
