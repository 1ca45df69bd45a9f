// No secret shows, whatever fails and wherever it is looked for: not in what the host is told, at any level, not in
// what NODE_DEBUG shows, not in what promises reject with.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority } from '../tools/shared/certificates.mjs'
import { runProgram } from './support/child.mjs'
import { createFolder } from './support/package.mjs'
import { createProxy } from './support/proxy.mjs'
import { serve } from './support/server.mjs'

/** Each is found in any text that holds it, also where that is encoded. */
const SECRETS = {
  token: 'token-Zq81xk',
  account: 'account-Wm40vu',
  inUrl: 'inurl-Ry72pd',
  user: 'user-Lt93hb',
  password: 'password-Gc65ne',
  passphrase: 'passphrase-Js28fo',
}

const authority = createAuthority()
const { cert, pem: key } = authority.issue()
const client = authority.issue({ isClient: true })
const encrypted = /** @type {string} */ (
  client.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'another' })
)

/** What a text must not hold: the secrets as they are and in base64 (of headers), and the lines of keys. */
const hidden = [
  ...Object.values(SECRETS),
  ...Object.values(SECRETS).map((secret) => Buffer.from(secret).toString('base64').replace(/=+$/, '')),
  Buffer.from(`${SECRETS.user}:${SECRETS.password}`).toString('base64'),
  ...[key, client.pem, encrypted].flatMap((pem) => pem.split('\n').filter((line) => /^[^-]{20,}/.test(line))),
]

/**
 * Runs the program and looks through all that it shows.
 *
 * @param {string} url
 * @param {{ variables?: Record<string, string>, configurations?: unknown[], shows?: RegExp }} [how]
 */
async function check(url, { variables = {}, configurations = [], shows = /./ } = {}) {
  // Left out, and not empty: on Windows both spellings are one variable, of which the first counts.
  const others = Object.entries(process.env).filter(([name]) => !/_proxy$/i.test(name))
  const env = { ...Object.fromEntries(others), NODE_DEBUG: 'session-ingress', ...variables }
  const { stdout, stderr } = await runProgram('secrets', { url, configurations, secrets: SECRETS }, { env })
  const all = stdout + stderr
  assert.match(stdout, /^finished$/m, all)
  assert.match(stderr, /SESSION-INGRESS/, 'NODE_DEBUG shows something')
  assert.match(all, shows)
  for (const secret of hidden) assert.ok(!all.includes(secret), `${secret} shows in:\n${all}`)
}

const CREDENTIALS = `${SECRETS.user}:${SECRETS.password}@`
const TLS = { cert, key }
const refused = () => ({ status: 401 })

for (const status of [200, 307, 400, 401, 403, 407, 409, 429, 500, 503]) {
  test(`no secret shows where a server responds with ${status}`, async (t) => {
    const headers = { location: `ftp://${SECRETS.inUrl}`, 'x-note': SECRETS.token }
    const server = await serve(t, () => ({ status, headers, body: `no: ${SECRETS.token}` }))
    await check(server.url)
  })
}

test('no secret shows where a connection breaks', async (t) => {
  const server = await serve(t, (_request, response) => void response.destroy())
  await check(server.url)
})

for (const [what, url] of [
  ['that is no URL', `nonsense ${SECRETS.inUrl}`],
  ['with another scheme', `ftp://${CREDENTIALS}127.0.0.1`],
  ['with a wrong port', `http://${CREDENTIALS}127.0.0.1:99999`],
  ['with credentials, of a server that does not listen', `http://${CREDENTIALS}127.0.0.1:9`],
]) {
  test(`no secret shows of a URL ${what}`, () => check(url))
}

test('no secret shows where a server is not trusted', async (t) => {
  const server = await serve(t, refused, TLS)
  await check(server.url, { shows: /its authority is unknown/ })
})

for (const [what, respond, shows] of /** @type {[string, (asked: any) => string, RegExp][]} */ ([
  ['407', () => 'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n', /refused the tunnel: 407/],
  ['502', () => 'HTTP/1.1 502 Bad Gateway\r\n\r\n', /refused the tunnel/],
])) {
  test(`no secret shows where a proxy responds with ${what} to its credentials`, async (t) => {
    const [server, proxy] = [await serve(t, refused, TLS), await createProxy(t, { respond })]
    const variables = { https_proxy: `http://${CREDENTIALS}${proxy.host}` }
    await check(server.url, { variables, shows })
  })
}

test('no secret shows where a proxy responds with 407 to an http request', async (t) => {
  const [server, proxy] = [await serve(t, refused), await createProxy(t, { authorization: 'Basic other' })]
  await check(server.url, { configurations: [{ proxy: `http://${CREDENTIALS}${proxy.host}` }] })
})

test('no secret shows where a proxy does not listen', async () => {
  const variables = { all_proxy: `http://${CREDENTIALS}127.0.0.1:9` }
  await check('https://127.0.0.1:9', { variables, shows: /the proxy 127\.0\.0\.1:9 \(all_proxy\) cannot be reached/ })
})

for (const proxy of [
  `socks5://${CREDENTIALS}127.0.0.1`,
  `http://${CREDENTIALS}`,
  `${SECRETS.user}://${SECRETS.password}`,
]) {
  test(`no secret shows where a proxy's scheme is ${proxy.split(':')[0].replace(SECRETS.user, 'a secret')}`, async (t) => {
    const server = await serve(t, refused)
    await check(server.url, { variables: { http_proxy: proxy }, shows: /http_proxy is / })
    await check(server.url, { configurations: [{ proxy }], shows: /configure: proxy is / })
  })
}

test('no secret shows where a passphrase does not fit, of the environment or configured', async (t) => {
  const tls = { ...TLS, ca: authority.cert, requestCert: true }
  const server = await serve(t, refused, tls)
  const folder = createFolder(t)
  const write = (/** @type {string} */ name, /** @type {string} */ content) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }
  const variables = {
    NODE_EXTRA_CA_CERTS: write('ca.pem', authority.cert),
    CLAUDE_CODE_CLIENT_CERT: write('cert.pem', client.cert),
    CLAUDE_CODE_CLIENT_KEY: write('key.pem', encrypted),
    CLAUDE_CODE_CLIENT_KEY_PASSPHRASE: SECRETS.passphrase,
  }
  const shows = /the passphrase does not fit/
  await check(server.url, { variables, shows })
  const { passphrase } = SECRETS
  const configured = { ca: authority.cert, cert: client.cert, key: encrypted, passphrase }
  await check(server.url, { configurations: [{ tls: configured }], shows })
  // What belongs elsewhere.
  const misplaced = [{ ca: key }, { cert: key }, { key: `-----BEGIN PRIVATE KEY-----\n${SECRETS.passphrase}` }]
  const configurations = [
    ...misplaced.map((tls) => ({ tls })),
    { tls: { [SECRETS.passphrase.slice(0, 5)]: passphrase } },
  ]
  await check(server.url, { configurations, shows: /configure: tls\.key holds no private key/ })
})
