// What the documents show is what works: the replacement of the old module, in a host as it had it.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createFolder } from './support/package.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** The host's own modules, as far as the replacement sees them, and a caller of it. @type {Record<string, string>} */
const HOST = {
  'constants/oauth.ts': `export const getOauthConfig = () => ({ BASE_API_URL: 'https://host', CLIENT_ID: 'cli' })`,
  'utils/debug.ts': `export function logForDebugging(message: string, { level } = { level: 'debug' }): void {}`,
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

for (const document of ['docs/migrating.md', 'README.md']) {
  test(`the replacement of the old module in ${document} compiles in a host`, async (t) => {
    const dir = createFolder(t)
    const [, shown] =
      /```ts\n(\/\/ sessionIngress\.ts\n[\s\S]*?)```/.exec(await readFile(join(ROOT, document), 'utf8')) ?? []
    const replacement = shown.replaceAll(/'(?:\.\.\/)+/g, `'../../`)
    for (const [file, text] of Object.entries({ ...HOST, 'services/api/sessionIngress.ts': replacement })) {
      await mkdir(dirname(join(dir, file)), { recursive: true })
      await writeFile(join(dir, file), text)
    }
    await mkdir(join(dir, 'node_modules'))
    await symlink(ROOT, join(dir, 'node_modules/session-ingress'), 'junction')
    await symlink(join(ROOT, 'node_modules/@types'), join(dir, 'node_modules/@types'), 'junction')
    const options = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, types: ['node'] }
    await writeFile(join(dir, 'package.json'), '{ "type": "module" }')
    await writeFile(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }))
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    // The compiler may need a newer Node than the package is tested with.
    const { stdout } = await promisify(execFile)('node', [tsc, '-p', dir]).catch((error) => error)
    assert.equal(stdout, '')
  })
}
