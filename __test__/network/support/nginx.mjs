// nginx, in front of a service.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findPort } from '../../../tools/shared/ports.mjs'
import { createOpenFolder, readLines, startProgram } from './program.mjs'

/**
 * @typedef {object} NginxOptions
 * @property {string} [listen] behind the address: `ssl`, `ssl http2`
 * @property {{ cert: string, key: string }} [certificate]
 * @property {string[]} [server] more directives of the server
 * @property {string} [upstream] the URL where requests go; else the response to each is 201
 */

/**
 * @param {import('./program.mjs').Context} t
 * @param {NginxOptions} options
 */
export async function startNginx(t, { listen = '', certificate, server = [], upstream }) {
  const dir = createOpenFolder(t)
  const port = await findPort()
  const config = join(dir, 'nginx.conf')
  const tls = certificate === undefined ? [] : tlsDirectives(certificate)
  const directives = [`listen 127.0.0.1:${port} ${listen};`, ...tls, ...server]
  await writeFile(config, configuration(dir, directives, upstream))
  const program = await startProgram(t, 'nginx', ['-p', dir, '-c', config], { dir, port })
  return {
    port,
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    /**
     * What was requested, once nginx has ended: it writes its log after it has responded.
     *
     * @returns {Promise<{ connection: string, status: number, method: string, protocol: string, tls: string }[]>}
     */
    async stopAndReadLog() {
      await program.stop('SIGQUIT')
      return (await readLines(join(dir, 'access.log'))).map((line) => {
        const [connection, status, method, protocol, tls] = line.split(' ')
        return { connection, status: Number(status), method, protocol, tls }
      })
    },
  }
}

/** @param {{ cert: string, key: string }} certificate */
const tlsDirectives = ({ cert, key }) => [`ssl_certificate ${cert};`, `ssl_certificate_key ${key};`]

/** @param {string} upstream */
const upstreamBlock = (upstream) => `upstream service { server ${new URL(upstream).host}; keepalive 64; }`

const FORWARD = `
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      # A request that failed is the client's to repeat.
      proxy_next_upstream off;`

/** @param {string} dir @param {string[]} server @param {string} [upstream] */
const configuration = (dir, server, upstream) => `
daemon off;
worker_processes 1;
# The worker may read and write what the tests made.
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_shutdown_timeout 2s;
pid nginx.pid;
error_log ${dir}/error.log info;
events { worker_connections 4096; }
http {
  log_format requests '$connection $status $request_method $server_protocol $ssl_protocol';
  access_log ${dir}/access.log requests;
  client_max_body_size 64m;
  client_body_buffer_size 16m;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  ${upstream === undefined ? '' : upstreamBlock(upstream)}
  server {
    ${server.join('\n    ')}
    location / {${upstream === undefined ? ' return 201; ' : FORWARD}
    }
  }
}
`
