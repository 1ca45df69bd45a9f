// The servers and proxies that the package is tested against, and where each is found.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Debian's packages, by the program for which each is here. @type {Record<string, string>} */
export const packages = {
  nginx: 'nginx-light',
  squid: 'squid',
  tinyproxy: 'tinyproxy-bin',
  haproxy: 'haproxy',
  mitmdump: 'mitmproxy',
  openssl: 'openssl',
}

/** PyPI's packages, which Debian does not have, or not together. */
export const pythonPackages = ['httpbin==0.10.4', 'gunicorn==27.0.1']

/** A virtual environment for them. */
export const pythonFolder = fileURLToPath(new URL('../../target/network', import.meta.url))

export const gunicorn = join(pythonFolder, 'bin', 'gunicorn')

/** Where Debian puts servers, which is not everybody's path. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin']

/** Where a program is; `undefined` where there is none. @param {string} name */
export function find(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS]
  return folders.map((folder) => join(folder, name)).find(existsSync)
}
