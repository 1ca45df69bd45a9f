// The nine packages, installed from a registry by npm, pnpm and yarn as on each platform: `npm run test:packages`. What was
// not built is packed as a marked empty file, which is enough to be picked, and is refused by what publishes.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { programs } from '../../tools/scripts/package-managers.mjs'
import { platformName, platformOf, targets } from '../../tools/shared/targets.mjs'
import { createFolder } from '../support/package.mjs'
import { startRegistry } from '../support/registry.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TARBALLS = join(ROOT, 'target/packages')
const run = promisify(execFile)

/** As the package managers name them. @param {string} target */
function wantedOf(target) {
  const { platform: os, arch: cpu, abi } = platformOf(target)
  return { os, cpu, libc: { gnu: 'glibc', musl: 'musl' }[abi] ?? '' }
}

/** @typedef {{ dir: string, url: string, os: string, cpu: string, libc: string }} Wanted */

/** Each installs the package for a platform into a folder. @type {Record<string, (wanted: Wanted) => Promise<unknown>>} */
const managers = {
  npm: async ({ dir, url, os, cpu, libc }) => {
    const platform = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])]
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', `--cache=${join(dir, 'cache')}`]
    await run('npm', ['install', 'session-ingress', `--registry=${url}`, ...platform, ...quiet], { cwd: dir })
  },
  pnpm: async ({ dir, url, os, cpu, libc }) => {
    const platform = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])]
    const own = [`--registry=${url}`, `--store-dir=${join(dir, 'store')}`, `--cache-dir=${join(dir, 'cache')}`]
    // Flat, so that what was installed is seen where npm has it.
    const parameters = ['add', 'session-ingress', '--ignore-scripts', '--node-linker=hoisted', ...own, ...platform]
    await run(process.execPath, [programs.pnpm, ...parameters], { cwd: dir, env: { ...process.env, CI: '1' } })
  },
  yarn: async ({ dir, url, os, cpu, libc }) => {
    const settings = {
      npmRegistryServer: url,
      unsafeHttpWhitelist: ['127.0.0.1'],
      nodeLinker: 'node-modules',
      enableTelemetry: false,
      enableGlobalCache: false,
      enableImmutableInstalls: false,
      // Versions that were published within the last day are passed over; these have no time.
      npmMinimalAgeGate: 0,
      globalFolder: join(dir, 'yarn'),
      supportedArchitectures: { os: [os], cpu: [cpu], ...(libc && { libc: [libc] }) },
    }
    await writeFile(join(dir, '.yarnrc.yml'), JSON.stringify(settings))
    await writeFile(join(dir, 'yarn.lock'), '')
    await run(process.execPath, [programs.yarn, 'add', 'session-ingress'], { cwd: dir })
  },
}

describe('the nine packages', () => {
  /** @type {Awaited<ReturnType<typeof startRegistry>>} */
  let registry
  before(async () => {
    await run(process.execPath, ['tools/platforms/pack.mjs', '--stand-ins'], { cwd: ROOT })
    registry = await startRegistry(TARBALLS)
  })
  after(() => registry.close())

  test('there is a tarball of the package, without a binary, and one for each target, with its own alone', async () => {
    const tarballs = readdirSync(TARBALLS)
    assert.equal(tarballs.length, 1 + targets.length)
    for (const tarball of tarballs) {
      const { stdout } = await run('tar', ['-tzf', join(TARBALLS, tarball)])
      const binaries = stdout.split('\n').filter((name) => name.endsWith('.node'))
      const platform = /^session-ingress-([a-z].*)-\d+\.\d+\.\d+\.tgz$/.exec(tarball)?.[1]
      assert.deepEqual(binaries, platform ? [`package/session-ingress.${platform}.node`] : [])
    }
  })

  for (const [manager, install] of Object.entries(managers)) {
    for (const target of targets) {
      test(`${manager} installs for ${target} its binary, and no other`, async (t) => {
        const dir = createFolder(t)
        await writeFile(join(dir, 'package.json'), '{ "name": "host", "private": true }')
        await install({ dir, url: registry.url, ...wantedOf(target) })
        const installed = readdirSync(join(dir, 'node_modules')).filter((name) => name.startsWith('session-ingress'))
        assert.deepEqual(installed.sort(), ['session-ingress', `session-ingress-${platformName(target)}`])
        const folder = join(dir, 'node_modules', `session-ingress-${platformName(target)}`)
        const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
        assert.equal(main, `session-ingress.${platformName(target)}.node`)
        assert.ok(readdirSync(folder).includes(main))
      })
    }
  }
})
