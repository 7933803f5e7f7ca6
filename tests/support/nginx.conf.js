// What nginx is told: one address in front of all instances.

/**
 * @param {object} options
 * @param {number} options.port
 * @param {string} options.folder where nginx may write
 * @param {string[]} options.hosts of the instances, "127.0.0.1:PORT"
 */
export const nginxConf = ({ port, folder, hosts }) => `
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
  client_body_buffer_size 32k;

  upstream instances {
    # One that does not answer is left alone for two seconds.
${hosts.map((host) => `    server ${host} max_fails=1 fail_timeout=2s;`).join('\n')}
    keepalive 16;
  }

  server {
    listen 127.0.0.1:${port};
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_connect_timeout 2s;
    add_header x-instance $upstream_addr always;

    # To grant a token twice does no harm, so what one instance did not answer is asked of another.
    location /v1/ {
      proxy_pass http://instances;
      proxy_next_upstream error timeout non_idempotent;
    }

    # To make a key twice does.
    location / {
      proxy_pass http://instances;
    }
  }
}
`;
