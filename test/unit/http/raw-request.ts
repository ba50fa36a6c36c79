import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** Sends these bytes, and returns what comes back until the other side closes the connection. */
export async function rawRequest(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}
