/**
 * A palette of all 256 colours: those that a file leaves out are black or, where the others are just the grays in order, grays too,
 * as Pillow has it. [256, 3]
 */
export function fillPalette(given: Uint8Array): Uint8Array {
  const isGray = given.every((value, index) => value === Math.floor(index / 3));
  const colors = isGray ? Uint8Array.from({ length: 256 * 3 }, (_, index) => Math.floor(index / 3)) : new Uint8Array(256 * 3);
  colors.set(given);
  return colors;
}
