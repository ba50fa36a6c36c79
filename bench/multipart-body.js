const BOUNDARY = 'bench-7d29c1a4f0';

/**
 * A form with one file, as a browser sends it.
 * @param {Uint8Array} bytes
 * @param {string} [name] of its field
 */
export function multipartBody(bytes, name = 'file') {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="picture"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    body: Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
  };
}
