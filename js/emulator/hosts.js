// The host names that the emulator answers to. A hostile site can point its own name to this machine (DNS rebinding).
// Its pages are then "same origin" with every server here. But they cannot change the Host header: it has that name.

import { isIP } from 'node:net';

/** The authority of a request: of its target if that is a whole URL (RFC 9112, section 3.2.2), else Host. */
const authorityOf = ({ url, headers }) => /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? headers.host ?? '';

/** "[::1]:80" → "::1", "Localhost:80" → "localhost" */
const nameOf = (authority) =>
  authority
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();

/**
 * True for the names of this machine, for IP addresses (DNS cannot redirect those), and for the names in `allowed`.
 * @param {import('node:http').IncomingMessage} request
 * @param {string[]} allowed
 */
export function isHostAllowed(request, allowed) {
  const name = nameOf(authorityOf(request));
  return (
    name == 'localhost' ||
    name.endsWith('.localhost') ||
    isIP(name) != 0 ||
    allowed.some((other) => nameOf(other) == name)
  );
}

/** Whether there is exactly one Host header. Node requires one, but uses the first if there are two. */
export const hasOneHost = ({ rawHeaders }) =>
  rawHeaders.filter((name, i) => i % 2 == 0 && name.toLowerCase() == 'host').length == 1;
