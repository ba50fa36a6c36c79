/** Writes one protobuf message; parts are kept as they come and joined once. */
export interface WireWriter {
  integer(field: number, value: bigint | number): void;
  float(field: number, value: number): void;
  bytes(field: number, value: Uint8Array): void;
  text(field: number, value: string): void;
  message(field: number, write: (writer: WireWriter) => void): void;
  finish(): Uint8Array;
}

export function createWireWriter(): WireWriter {
  const parts: Uint8Array[] = [];

  function varint(value: bigint): void {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, value);
    do {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      bytes.push(rest === 0n ? low : low | 0x80);
    } while (rest !== 0n);
    parts.push(Uint8Array.from(bytes));
  }

  const tag = (field: number, kind: number) => varint(BigInt((field << 3) | kind));

  const writer: WireWriter = {
    integer(field, value) {
      tag(field, 0);
      varint(BigInt(value));
    },
    float(field, value) {
      tag(field, 5);
      parts.push(new Uint8Array(Float32Array.of(value).buffer));
    },
    bytes(field, value) {
      tag(field, 2);
      varint(BigInt(value.length));
      parts.push(value);
    },
    text: (field, value) => writer.bytes(field, Buffer.from(value, 'utf8')),
    message(field, write) {
      const inner = createWireWriter();
      write(inner);
      writer.bytes(field, inner.finish());
    },
    finish: () => Buffer.concat(parts),
  };
  return writer;
}
