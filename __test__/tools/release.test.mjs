// What a release publishes, by the same steps short of publishing: a package for each platform with its binary,
// and the package itself, which has none but asks for theirs.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createFolder } from '../support/package.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const shell = process.platform === 'win32'

/** Runs a tool; napi's needs a newer Node than the package may be tested with. @param {string} cwd @param {string} command @param {...string} parameters */
async function run(cwd, command, ...parameters) {
  const { stdout } = await promisify(execFile)(command, parameters, { cwd, shell })
  return stdout
}

/** @param {string} dir */
async function pack(dir) {
  const [{ filename, files }] = JSON.parse(await run(dir, 'npm', 'pack', '--ignore-scripts', '--json'))
  /** @type {string[]} */
  const paths = files.map((/** @type {{ path: string }} */ { path }) => path)
  return { tarball: join(dir, filename), files: paths }
}

test('a release installs as the package and the binary of the platform', async (t) => {
  const dir = createFolder(t)
  const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  const wanted = (/** @type {string} */ name) =>
    !name.startsWith('.') && !['target', 'node_modules', 'npm'].includes(name)
  const names = (await readdir(ROOT)).filter((name) => wanted(name) && !name.endsWith('.tgz'))
  for (const name of names) await cp(join(ROOT, name), join(dir, name), { recursive: true })

  // As if each had been built, but only that of this machine is one.
  const built = /** @type {string} */ (names.find((name) => name.endsWith('.node')))
  const cli = join(ROOT, 'node_modules/@napi-rs/cli/cli.mjs')
  await mkdir(join(dir, 'artifacts'))
  await run(dir, 'node', cli, 'create-npm-dirs')
  const platforms = await readdir(join(dir, 'npm'))
  assert.equal(platforms.length, manifest.napi.targets.length)
  for (const platform of platforms) {
    await writeFile(join(dir, 'artifacts', `session-ingress.${platform}.node`), platform)
  }
  await cp(join(ROOT, built), join(dir, 'artifacts', built))
  await run(dir, 'node', cli, 'artifacts')
  await run(dir, 'node', cli, 'pre-publish', '--tag-style', 'npm', '--no-gh-release', '--skip-optional-publish')
  await run(dir, 'node', 'tools/scripts/leave-binaries-out.mjs')

  const root = await pack(dir)
  assert.deepEqual(
    root.files.filter((file) => file.endsWith('.node')),
    [],
  )
  const { optionalDependencies, version } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'))
  const expected = Object.fromEntries(platforms.map((platform) => [`session-ingress-${platform}`, version]))
  assert.deepEqual(optionalDependencies, expected)

  const platform = built.split('.')[1]
  const binary = await pack(join(dir, 'npm', platform))
  assert.deepEqual(binary.files.sort(), ['README.md', 'package.json', built])

  const host = createFolder(t)
  await writeFile(join(host, 'package.json'), '{ "private": true }')
  // Not with the other optional packages, which are not published yet.
  const options = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--omit=optional']
  await run(host, 'npm', 'install', ...options, root.tarball, binary.tarball)
  await writeFile(join(host, 'load.mjs'), `import { configure } from 'session-ingress'\nconsole.log(typeof configure)`)
  assert.equal(await run(host, process.execPath, 'load.mjs'), 'function\n')
})
