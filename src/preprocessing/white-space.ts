/** Unicode's White_Space, as Rust's `char::is_whitespace` and Oniguruma's `\s` have it; JavaScript's `\s` differs at U+0085 and U+FEFF. */
export function isWhiteSpace(codeUnit: number): boolean {
  if (codeUnit <= 0x20) return codeUnit === 0x20 || (codeUnit >= 0x09 && codeUnit <= 0x0d);
  if (codeUnit < 0x1680) return codeUnit === 0x85 || codeUnit === 0xa0;
  return (
    codeUnit === 0x1680 ||
    (codeUnit >= 0x2000 && codeUnit <= 0x200a) ||
    codeUnit === 0x2028 ||
    codeUnit === 0x2029 ||
    codeUnit === 0x202f ||
    codeUnit === 0x205f ||
    codeUnit === 0x3000
  );
}
