// What the documents show is what works: the replacement of the old module in a host as it had it, links, scripts.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createFolder } from '../support/package.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The host's own modules, as far as the replacement sees them, and a caller of it. @type {Record<string, string>} */
const HOST = {
  'constants/oauth.ts': `export const getOauthConfig = () => ({ BASE_API_URL: 'https://host', CLIENT_ID: 'cli' })`,
  'utils/debug.ts': `export function logForDebugging(message: string, { level }: { level: string } = { level: 'debug' }): void {}`,
  'utils/diagLogs.ts': `export function logForDiagnosticsNoPII(
    level: 'debug' | 'info' | 'warn' | 'error', event: string, data?: Record<string, unknown>): void {}`,
  'utils/log.ts': 'export function logError(error: unknown): void {}',
  'utils/sessionIngressAuth.ts': 'export function getSessionIngressAuthToken(): string | null { return null }',
  'utils/teleport/api.ts': `export function getOAuthHeaders(accessToken: string): Record<string, string> { return {} }`,
  'caller.ts': `
    import type { UUID } from 'node:crypto'
    import { appendSessionLog, clearSession, getSessionLogs } from './services/api/sessionIngress.js'
    type TranscriptMessage = { type: 'user'; uuid: UUID; cwd: string } | { type: 'assistant'; uuid: UUID }
    type Entry = TranscriptMessage | { type: 'summary'; summary: string }
    export async function persist(message: TranscriptMessage): Promise<Entry[] | null> {
      if (!(await appendSessionLog('s', message, 'https://host/log'))) void clearSession('s')
      return getSessionLogs('s', 'https://host/log')
    }`,
}

const OLD = `
  import type { UUID } from 'node:crypto'
  type TranscriptMessage = { type: 'user'; uuid: UUID; cwd: string } | { type: 'assistant'; uuid: UUID }
  type Entries = Promise<(TranscriptMessage | { type: 'summary'; summary: string })[] | null>
  export async function appendSessionLog(id: string, entry: TranscriptMessage, url: string): Promise<boolean> { return true }
  export async function getSessionLogs(id: string, url: string): Entries { return null }
  export async function getSessionLogsViaOAuth(id: string, accessToken: string, orgUUID: string): Entries { return null }
  export async function getTeleportEvents(id: string, accessToken: string, orgUUID: string): Entries { return null }
  export function clearSession(id: string): void {}
  export function clearAllSessions(): void {}`

/** What a document shows under these words. @param {string} document @param {string} first */
async function shownIn(document, first) {
  const text = await readFile(join(ROOT, document), 'utf8')
  const start = text.indexOf(`\`\`\`ts\n${first}`)
  assert.ok(start >= 0, `${document} shows nothing under ${first}`)
  return text
    .slice(text.indexOf('\n', start) + 1, text.indexOf('```', start + 3))
    .replaceAll(/'(?:\.\.\/)+/g, `'../../`)
}

/** What the compiler says to the replacement in a host. @param {import('node:test').TestContext} t @param {Record<string, string>} replacement its files */
async function compile(t, replacement) {
  const dir = createFolder(t)
  for (const [file, text] of Object.entries({ ...HOST, ...replacement })) {
    await mkdir(dirname(join(dir, file)), { recursive: true })
    await writeFile(join(dir, file), text)
  }
  await mkdir(join(dir, 'node_modules'))
  await symlink(ROOT, join(dir, 'node_modules/session-ingress'), 'junction')
  await symlink(join(ROOT, 'node_modules/@types'), join(dir, 'node_modules/@types'), 'junction')
  // As strict as a host may be.
  const strict = { strict: true, exactOptionalPropertyTypes: true, isolatedDeclarations: true, declaration: true }
  const options = { ...strict, module: 'nodenext', target: 'es2022', noEmit: true, types: ['node'] }
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }')
  await writeFile(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }))
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  // The compiler may need a newer Node than the package is tested with.
  const { stdout } = await promisify(execFile)('node', [tsc, '-p', dir]).catch((error) => error)
  return stdout
}

for (const document of ['docs/migrating.md', 'README.md']) {
  test(`the replacement of the old module in ${document} compiles in a host`, async (t) => {
    const replacement = await shownIn(document, '// sessionIngress.ts\n')
    assert.equal(await compile(t, { 'services/api/sessionIngress.ts': replacement }), '')
  })
}

test('README.md and docs/migrating.md show the same replacement of the old module', async () => {
  const first = '// sessionIngress.ts\n'
  assert.equal(await shownIn('README.md', first), await shownIn('docs/migrating.md', first))
})

test('the choice between the old module and this one in docs/migrating.md compiles in a host', async (t) => {
  const files = {
    'services/api/sessionIngress.old.ts': OLD,
    'services/api/sessionIngress.new.ts': await shownIn('docs/migrating.md', '// sessionIngress.ts\n'),
    'services/api/sessionIngress.ts': await shownIn('docs/migrating.md', '// sessionIngress.ts, while both are there'),
  }
  assert.equal(await compile(t, files), '')
})

test('each exported function has an example in its types, which compiles in a host', async (t) => {
  const types = await readFile(join(ROOT, 'index.d.ts'), 'utf8')
  const documented = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport declare function (\w+)/g
  const functions = [...types.matchAll(documented)].map(([, comment, name]) => ({
    name,
    example: /@example\n \* ```ts\n([\s\S]*?) \* ```/.exec(comment)?.[1].replaceAll(/^ \* /gm, '') ?? '',
  }))
  const { length } = [...types.matchAll(/^export declare function /gm)]
  assert.equal(functions.length, length)
  for (const { name, example } of functions) assert.match(example, new RegExp(`\\b${name}\\b`), name)
  const given = ['sessionId', 'url', 'accessToken', 'orgUUID', 'token', 'text'].map((name) => `${name}: string`)
  const text = [
    `import { randomUUID } from 'node:crypto'`,
    `import { type Entry, ${functions.map(({ name }) => name).join(', ')} } from 'session-ingress'`,
    `declare const ${given.join(', ')}`,
    ...functions.map(({ name, example }) => `export async function ${name}Example(): Promise<void> {\n${example}}`),
  ]
  const files = { 'examples.ts': text.join('\n'), 'services/api/sessionIngress.ts': OLD }
  assert.equal(await compile(t, files), '')
})

// The names of headings, as they are in addresses on GitHub.
/** @param {string} text */
const anchorsOf = (text) =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )

const names = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']
for (const name of await readdir(join(ROOT, 'docs'))) if (name.endsWith('.md')) names.push(`docs/${name}`)
const documents = await Promise.all(
  names.map(async (name) => ({ name, text: await readFile(join(ROOT, name), 'utf8') })),
)

test('links between documents lead somewhere', () => {
  for (const { name, text } of documents) {
    for (const [, link] of text.matchAll(/\]\(([^)]+)\)/g)) {
      if (/^https?:/.test(link)) continue
      const [path, anchor] = link.split('#')
      const target = path === '' ? name : join(dirname(name), path)
      assert.ok(existsSync(join(ROOT, target)), `${name}: ${link}`)
      if (anchor) {
        const headings = anchorsOf(documents.find(({ name }) => name === target)?.text ?? '')
        assert.ok(headings.includes(anchor), `${name}: ${link}`)
      }
    }
  }
})

test('documents name no script that is not there', async () => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'))
  for (const { name, text } of documents) {
    for (const [, script] of text.matchAll(/npm run ([\w:-]+)/g)) {
      assert.ok(script in scripts, `${name}: npm run ${script}`)
    }
  }
})

test('documents name no source file or folder that is not there', () => {
  for (const { name, text } of documents) {
    for (const [, path] of text.matchAll(/`((?:core|src|lib|tools|__test__)\/[\w./-]*(?:\.rs|\.mjs|\/))`/g)) {
      assert.ok(existsSync(join(ROOT, path)), `${name}: ${path}`)
    }
  }
})

test('docs/architecture.md names functions in the files that define them', async () => {
  const text = documents.find(({ name }) => name === 'docs/architecture.md')?.text ?? ''
  let found = 0
  for (const [, functions, path] of text.matchAll(/((?:`[\w:]+`,?\s+)+)in\s+`([\w/]+\.rs)`/g)) {
    const source = await readFile(join(ROOT, path), 'utf8')
    for (const [, type, item] of functions.matchAll(/`(?:(\w+)::)?(\w+)`/g)) {
      found += 1
      assert.match(source, new RegExp(`\\b(?:fn|struct) ${item}\\b`), `${path}: ${item}`)
      if (type) assert.match(source, new RegExp(`impl\\b[^{]*\\b${type}\\b`), `${path}: ${type}`)
    }
  }
  assert.ok(found > 50, `only ${found} functions were found in the document`)
})
