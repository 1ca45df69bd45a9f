// A registry of npm packages on the loopback interface, which has what is in a folder of tarballs, and nothing else.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

/** @param {string} folder of tarballs @param {string} base */
function readPackages(folder, base) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  return new Map(
    names.map((tarball) => {
      const file = join(folder, tarball)
      const manifest = JSON.parse(execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' }))
      const integrity = `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}`
      const shasum = createHash('sha1').update(readFileSync(file)).digest('hex')
      const version = { ...manifest, dist: { tarball: `${base}/${tarball}`, integrity, shasum } }
      const packument = {
        name: manifest.name,
        'dist-tags': { latest: manifest.version },
        versions: { [manifest.version]: version },
      }
      return [manifest.name, packument]
    }),
  )
}

/**
 * @param {string} folder of tarballs
 * @returns {Promise<{ url: string, served: string[], close: () => void }>} `served`: the tarballs that were asked for
 */
export async function startRegistry(folder) {
  /** @type {Map<string, object>} */
  let packages = new Map()
  /** @type {string[]} */
  const served = []
  const server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? '').slice(1))
    if (name.endsWith('.tgz') && readdirSync(folder).includes(name)) {
      served.push(name)
      response.writeHead(200).end(readFileSync(join(folder, name)))
      return
    }
    const packument = packages.get(name)
    response.writeHead(packument ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(packument ?? { error: 'not found' }))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://127.0.0.1:${port}`
  packages = readPackages(folder, url)
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url, served, close }
}
