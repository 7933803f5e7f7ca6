// Servers on loopback, and a long way to them.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Listens on a free port. `drop` ends its connections; `close` does, too, and listens no more. */
export async function listen(server) {
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket.setNoDelay().on('close', () => sockets.delete(socket))));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const drop = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: server.address().port,
    drop,
    close() {
      server.close();
      drop();
    },
  };
}

/** Passes on what comes, in order and `delayMs` later, but nothing before `notBefore`. */
function carry(from, to, delayMs, notBefore) {
  let last = Promise.resolve();
  const later = (step) => {
    const due = Math.max(performance.now(), notBefore) + delayMs;
    last = last.then(() => sleep(due - performance.now())).then(step);
  };
  from.on('data', (bytes) => later(() => to.write(bytes)));
  from.on('close', () => later(() => to.destroy()));
  from.on('error', () => {}); // its close follows
}

/** A way to `port` that adds so many milliseconds to every round trip, the handshake of TCP included. */
export function relay(port, roundTripMs) {
  return listen(
    createServer((near) => {
      const far = connect(port, '127.0.0.1').setNoDelay();
      const connected = performance.now() + roundTripMs;
      carry(near, far, roundTripMs / 2, connected);
      carry(far, near, roundTripMs / 2, connected);
    }),
  );
}
