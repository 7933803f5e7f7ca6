// The configuration of nginx in front of several instances. It is taken from docs/authd.md, with the addresses of this
// run.

import { readFileSync } from 'node:fs';

const document = readFileSync(new URL('../../docs/authd.md', import.meta.url), 'utf8');
const [, shown] = document.match(/```nginx\n([^]*?)```/);

/** Replaces every match of `what`. Throws if there is none. */
function replace(text, what, by) {
  if (!what.test(text)) throw new Error(`docs/authd.md: ${what} is not in the nginx configuration`);
  return text.replace(what, by);
}

/**
 * @param {object} options
 * @param {number} options.port
 * @param {string} options.folder nginx writes its files here
 * @param {string[]} options.hosts of the instances, "127.0.0.1:PORT"
 */
export function nginxConf({ port, folder, hosts }) {
  const withHosts = replace(shown, /(?: *server \S+( max_fails.*\n))+/, (_, options) =>
    hosts.map((host) => `server ${host}${options}`).join(''),
  );
  return `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  add_header x-instance $upstream_addr always; # for the test
${replace(withHosts, /listen 80;/, `listen 127.0.0.1:${port};`)}
}
`;
}
