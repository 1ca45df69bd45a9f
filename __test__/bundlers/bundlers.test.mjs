// The recipes of docs/shipping.md: each builds examples/single-executable/cli.mjs as the page says, and the result does its
// work in an empty folder. `npm run test:bundlers` installs what they need.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startIngressServer } from 'session-ingress/testing'
import { folder } from '../../tools/scripts/bundlers.mjs'
import { runtimes } from '../../tools/scripts/runtimes.mjs'
import { createFolder, installTarball } from '../support/package.mjs'
import { readRecipes } from '../support/recipes.mjs'

const CLI = fileURLToPath(new URL('../../examples/single-executable/cli.mjs', import.meta.url))
const PLATFORM = 'linux-x64-gnu'

const JAVASCRIPT = ['node-18', 'node-26', 'bun', 'deno']

/**
 * What each recipe makes: its entry, what lies beside it (`node_modules` is what npm installs), and what runs it. No
 * runtime: it is an executable.
 *
 * @type {Record<string, { entry: string, beside?: string, runtimes?: string[] }>}
 */
const RESULTS = {
  'esbuild: left out': { entry: 'cli.mjs', beside: 'node_modules', runtimes: JAVASCRIPT },
  'esbuild: copied': { entry: 'cli.mjs', beside: '.node', runtimes: JAVASCRIPT },
  'Rollup: left out': { entry: 'cli.mjs', beside: 'node_modules', runtimes: JAVASCRIPT },
  'Rollup: copied': { entry: 'cli.mjs', beside: '.node', runtimes: JAVASCRIPT },
  'Vite: left out': { entry: 'cli.mjs', beside: 'node_modules', runtimes: JAVASCRIPT },
  'Vite: copied': { entry: 'cli.mjs', beside: '.node', runtimes: JAVASCRIPT },
  'webpack: left out': { entry: 'cli.cjs', beside: 'node_modules', runtimes: JAVASCRIPT },
  'webpack: copied': { entry: 'cli.cjs', beside: '.node', runtimes: JAVASCRIPT },
  'tsup: left out': { entry: 'cli.mjs', beside: 'node_modules', runtimes: JAVASCRIPT },
  'ncc: left out': { entry: 'index.mjs', beside: 'node_modules', runtimes: JAVASCRIPT },
  'ncc: copied': { entry: 'index.mjs', beside: '.node', runtimes: JAVASCRIPT },
  'bun build for Node: left out': { entry: 'cli.mjs', beside: 'node_modules', runtimes: JAVASCRIPT },
  'bun build for Node: copied': { entry: 'cli.mjs', beside: '.node', runtimes: JAVASCRIPT },
  'Bun: one executable': { entry: 'cli' },
  'Node: one executable, the binary beside it': { entry: 'cli', beside: '.node' },
  'Node: one executable, the binary in it': { entry: 'cli' },
}
/** Recipes that have tests of their own, below. */
const IN_PLACE = ['Deno: from node_modules', 'Node: with permissions']
const OTHERS = ['Bun: one executable for another platform', ...IN_PLACE]

const recipes = await readRecipes()
/** @param {string} name */
const commandsOf = (name) => recipes.find((recipe) => recipe.name === name)?.commands ?? assert.fail(`no ${name}`)

const path = [runtimes['node-24'], runtimes.bun, runtimes.deno].map(dirname)
// What is loaded is what was installed; a result that does not end by itself is ended, and fails the test.
const { NAPI_RS_NATIVE_LIBRARY_PATH, NODE_TEST_CONTEXT, ...environment } = process.env
const env = {
  ...environment,
  PATH: [...path, join(folder, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  NO_PROXY: '127.0.0.1',
  no_proxy: '127.0.0.1',
  CLAUDE_CODE_SESSION_ACCESS_TOKEN: 'token',
  // It is read, and must not need a module that a bundle does not have.
  NODE_DEBUG: 'http',
}
const limits = { timeout: 120_000, killSignal: /** @type {const} */ ('SIGKILL') }

/** @param {string} file @param {string[]} parameters @param {import('node:child_process').ExecFileOptions} options */
const run = (file, parameters, options) =>
  promisify(execFile)(file, parameters, { ...limits, env, ...options, encoding: 'utf8' })

/** A project with the package and that of the platform, as npm installs them from a registry. */
let installed = ''
before(async () => {
  await mkdir(folder, { recursive: true })
  installed = await mkdtemp(join(folder, 'installed-'))
  await installTarball(installed)
  const own = join(installed, 'node_modules/session-ingress')
  const binary = `session-ingress.${PLATFORM}.node`
  const ofPlatform = join(installed, 'node_modules', `session-ingress-${PLATFORM}`)
  await mkdir(ofPlatform)
  await rename(join(own, binary), join(ofPlatform, binary))
  await writeFile(join(ofPlatform, 'package.json'), JSON.stringify({ name: basename(ofPlatform), main: binary }))
})
after(() => rm(installed, { recursive: true, force: true }))

/** A project of its own inside the folder where the bundlers are. @param {import('node:test').TestContext} t @param {Record<string, string>} [files] */
async function createProject(t, files = {}) {
  const project = await mkdtemp(join(folder, 'project-'))
  t.after(() => rm(project, { recursive: true, force: true }))
  await cp(join(installed, 'node_modules'), join(project, 'node_modules'), { recursive: true })
  await copyFile(CLI, join(project, 'cli.mjs'))
  const manifest = { private: true, dependencies: { 'session-ingress': '*' } }
  await writeFile(join(project, 'package.json'), JSON.stringify(manifest))
  for (const [file, text] of Object.entries(files)) await writeFile(join(project, file), text)
  return project
}

/** Takes what was built out of the project, which then goes. @param {import('node:test').TestContext} t @param {string} project @param {{ entry: string, beside?: string }} result */
async function takeResult(t, project, { entry, beside }) {
  const alone = createFolder(t)
  const dist = join(project, 'dist')
  for (const file of await readdir(dist)) {
    const isTaken = file === entry || (beside === '.node' && file.endsWith('.node'))
    if (isTaken) await copyFile(join(dist, file), join(alone, file))
  }
  // As npm installs the package of the CLI. Deno looks into node_modules only where there is a package.json.
  if (beside === 'node_modules') {
    for (const file of ['node_modules', 'package.json']) await rename(join(project, file), join(alone, file))
  }
  await rm(project, { recursive: true })
  return alone
}

/** What runs a file. @param {string} runtime */
function commandFor(runtime) {
  const flags = runtime === 'deno' ? ['run', '--no-prompt', '--allow-ffi', '--allow-env', '--allow-read'] : []
  return [runtimes[runtime], ...flags]
}

/** Has a CLI append and read. @param {import('node:test').TestContext} t @param {string} cwd @param {string[]} command */
async function useCli(t, cwd, [file, ...parameters]) {
  const service = await startIngressServer({ dir: createFolder(t) })
  t.after(() => service.close())
  const options = { cwd, env: { ...env, INGRESS_URL: service.url } }
  await run(file, [...parameters, 'append', 's', 'a', 'first'], options)
  await run(file, [...parameters, 'append', 's', 'b', 'second'], options)
  const { stdout } = await run(file, [...parameters, 'read', 's'], options)
  assert.equal(stdout, '{"uuid":"a","type":"user","text":"first"}\n{"uuid":"b","type":"user","text":"second"}\n')
}

test('every recipe of docs/shipping.md is tested', () => {
  assert.deepEqual(recipes.map(({ name }) => name).sort(), [...Object.keys(RESULTS), ...OTHERS].sort())
})

for (const { name, files, commands } of recipes.filter(({ name }) => name in RESULTS)) {
  const result = RESULTS[name]
  test(`the recipe “${name}” makes a CLI that works in an empty folder`, async (t) => {
    const project = await createProject(t, files)
    await run('sh', ['-ec', commands], { cwd: project })
    const alone = await takeResult(t, project, result)
    const entry = join(alone, result.entry)
    const ways = result.runtimes?.map((runtime) => [...commandFor(runtime), entry]) ?? [[entry]]
    for (const way of ways) {
      await t.test(
        way.length > 1 ? `on ${Object.keys(runtimes).find((name) => runtimes[name] === way[0])}` : 'alone',
        (t) => useCli(t, alone, way),
      )
    }
  })
}

test('the recipe “Bun: one executable for another platform” stops where the package of that platform is missing', async (t) => {
  const project = await createProject(t)
  const built = run('sh', ['-ec', commandsOf('Bun: one executable for another platform')], { cwd: project })
  await assert.rejects(built, /Cannot find module 'session-ingress-linux-arm64-gnu'/)
  assert.equal((await readdir(project)).includes('dist'), false)
})

for (const name of IN_PLACE) {
  test(`the recipe “${name}” runs the CLI`, async (t) => {
    const project = await createProject(t)
    await useCli(t, project, commandsOf(name).trim().split(' '))
  })
}

describe('the variants that docs/shipping.md names', () => {
  const esbuild = 'esbuild cli.mjs --bundle --platform=node --outdir=dist'
  const variants = {
    'the loader file with the format cjs': `${esbuild} --format=cjs --loader:.node=file --out-extension:.js=.cjs`,
    'the loader copy with the format cjs': `${esbuild} --format=cjs --loader:.node=copy --out-extension:.js=.cjs`,
    'the loader copy with the format esm': `${esbuild} --format=esm --loader:.node=copy --asset-names=[name] --out-extension:.js=.mjs`,
    'conditions of one’s own': `${esbuild} --format=esm --loader:.node=file --conditions=development --out-extension:.js=.mjs`,
  }
  for (const [name, commands] of Object.entries(variants)) {
    test(`esbuild with ${name} makes a CLI that works in an empty folder`, async (t) => {
      const project = await createProject(t)
      await run('sh', ['-ec', commands], { cwd: project })
      const entry = commands.endsWith('.mjs') ? 'cli.mjs' : 'cli.cjs'
      const alone = await takeResult(t, project, { entry, beside: '.node' })
      await useCli(t, alone, [runtimes['node-18'], join(alone, entry)])
    })
  }

  test('webpack with the asset relocator makes a CLI that works in an empty folder', async (t) => {
    const use = `{ loader: '@vercel/webpack-asset-relocator-loader' }`
    const rule = `{ test: /\\.(m?js|node)$/, parser: { amd: false }, use: ${use} }`
    const text = recipes.find(({ name }) => name === 'webpack: copied')?.files['webpack.config.mjs'] ?? ''
    const config = text.replace(/rules: \[.*\]/, `rules: [${rule}]`)
    assert.notEqual(config, text)
    const project = await createProject(t, { 'webpack.config.mjs': config })
    await run('sh', ['-ec', 'webpack'], { cwd: project })
    const alone = await takeResult(t, project, { entry: 'cli.cjs', beside: '.node' })
    await useCli(t, alone, [runtimes['node-18'], join(alone, 'cli.cjs')])
  })
})

describe('the tarball of `npm pack` in a clone, which holds the binary itself', () => {
  for (const name of ['esbuild: copied', 'Rollup: copied', 'ncc: copied', 'Bun: one executable']) {
    test(`the recipe “${name}” finds a binary that lies in the package itself`, async (t) => {
      const { files, commands } = recipes.find((recipe) => recipe.name === name) ?? assert.fail()
      const project = await createProject(t, files)
      const [own, ofPlatform] = ['', `-${PLATFORM}`].map((end) => join(project, `node_modules/session-ingress${end}`))
      const binary = `session-ingress.${PLATFORM}.node`
      await rename(join(ofPlatform, binary), join(own, binary))
      await rm(ofPlatform, { recursive: true })
      await run('sh', ['-ec', commands], { cwd: project })
      const alone = await takeResult(t, project, RESULTS[name])
      const entry = join(alone, RESULTS[name].entry)
      await useCli(t, alone, RESULTS[name].runtimes === undefined ? [entry] : [runtimes['node-18'], entry])
    })
  }
})

describe('a bundler that was not told about the binary', () => {
  const config = (/** @type {string} */ name) => recipes.find((recipe) => recipe.name === name)?.files ?? {}
  const rollup = Object.entries(config('Rollup: copied')).map(([file, text]) => [file, text.replace('addons, ', '')])
  const vite = Object.entries(config('Vite: copied')).map(([file, text]) => [
    file,
    text.replace('plugins: [addons]', 'plugins: []'),
  ])
  const webpack = Object.entries(config('webpack: copied')).map(([file, text]) => [
    file,
    text.replace(/ +module: .*/, ''),
  ])
  const builds = {
    esbuild: { commands: 'esbuild cli.mjs --bundle --platform=node --format=esm --outdir=dist', files: {} },
    Rollup: { commands: 'rollup --config', files: Object.fromEntries(rollup) },
    Vite: { commands: 'vite build', files: Object.fromEntries(vite) },
    webpack: { commands: 'webpack', files: Object.fromEntries(webpack) },
  }
  for (const [name, { commands, files }] of Object.entries(builds)) {
    test(`${name} stops with an error that names the binary where it was not told about it`, async (t) => {
      const project = await createProject(t, files)
      const { stdout, stderr } = await run('sh', ['-ec', commands], { cwd: project }).then(
        () => assert.fail('it was built'),
        (error) => error,
      )
      assert.match(stdout + stderr, new RegExp(`session-ingress\\.${PLATFORM}\\.node`))
    })
  }

  test('a bundle without its binary throws an error with a code that says what to put where', async (t) => {
    const project = await createProject(t)
    await run('sh', ['-ec', commandsOf('esbuild: copied')], { cwd: project })
    const alone = await takeResult(t, project, { entry: 'cli.mjs' })
    const { stderr } = await run(runtimes['node-18'], [join(alone, 'cli.mjs')], { cwd: alone }).catch((error) => error)
    assert.match(
      stderr,
      new RegExp(`What to do: this is a bundle.* Put session-ingress\\.${PLATFORM}\\.node .* beside it`),
    )
    assert.match(stderr, /code: 'ERR_SESSION_INGRESS_BINARY_NOT_FOUND'/)
  })

  test('a bundle whose binary was put beside it by hand works', async (t) => {
    const project = await createProject(t)
    await run('sh', ['-ec', commandsOf('esbuild: copied')], { cwd: project })
    const alone = await takeResult(t, project, { entry: 'cli.mjs' })
    const binary = `session-ingress.${PLATFORM}.node`
    await copyFile(join(installed, 'node_modules', `session-ingress-${PLATFORM}`, binary), join(alone, binary))
    await useCli(t, alone, [runtimes['node-18'], join(alone, 'cli.mjs')])
  })
})

test('what @vercel/nft traces of the package is enough for Node', async (t) => {
  const project = await createProject(t, {
    'trace.mjs': `import { nodeFileTrace } from '@vercel/nft'
      const { fileList } = await nodeFileTrace(['cli.mjs'])
      console.log(JSON.stringify([...fileList]))`,
  })
  const { stdout } = await run(runtimes['node-24'], ['trace.mjs'], { cwd: project })
  const alone = createFolder(t)
  for (const file of JSON.parse(stdout)) await cp(join(project, file), join(alone, file))
  assert.match(await readFile(join(alone, 'cli.mjs'), 'utf8'), /session-ingress/)
  await useCli(t, alone, [runtimes['node-18'], join(alone, 'cli.mjs')])
})
