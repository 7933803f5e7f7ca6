// Which names the emulator answers to. A page of another site can make its own name point to this machine (DNS
// rebinding) and then is "same origin" with whatever listens here; but it cannot change the Host that it asks for.

import { isIP } from 'node:net';

/** What a request asks for: of a target that is a whole URL that one's authority (RFC 9112, section 3.2.2), else Host. */
const authorityOf = ({ url, headers }) => /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? headers.host ?? '';

/** "[::1]:80" → "::1", "Localhost:80" → "localhost" */
const nameOf = (authority) => authority.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '').toLowerCase();

/**
 * True for names of this machine, for addresses (nobody can make those point elsewhere), and for the names in `allowed`.
 * @param {import('node:http').IncomingMessage} request
 * @param {string[]} allowed
 */
export function isHostAllowed(request, allowed) {
  const name = nameOf(authorityOf(request));
  return name == 'localhost' || name.endsWith('.localhost') || isIP(name) != 0 || allowed.some((other) => nameOf(other) == name);
}

/** Whether there is exactly one Host. Node asks for at least one, and takes the first of two. */
export const hasOneHost = ({ rawHeaders }) => rawHeaders.filter((name, i) => i % 2 == 0 && name.toLowerCase() == 'host').length == 1;
