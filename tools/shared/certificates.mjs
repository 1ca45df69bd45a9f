// Authorities and certificates for tests and the benchmark, which Node can use and not make: X.509 as DER, with keys of
// the kind that a test asks for. Everything is signed by SHA-256, with whichever key the issuer has.

import { createCipheriv, createPublicKey, generateKeyPairSync, pbkdf2Sync, randomBytes, sign } from 'node:crypto'

const DAY = 24 * 60 * 60 * 1000

/**
 * @typedef {import('node:crypto').KeyObject} KeyObject
 * @typedef {{ key: KeyObject, cert: string, pem: string }} Certified `pem` is the key as PKCS#8
 * @typedef {{
 *   names?: string[], key?: KeyObject, isAuthority?: boolean, isClient?: boolean, from?: Date, to?: Date,
 *   commonName?: string, version?: 1 | 3, policies?: boolean
 * }} Wanted `names` are hosts or IPv4 addresses; `version` 1 has no extensions, so none of these names; `policies`: with
 *   a critical extension of policies
 */

/** @param {number} tag @param {...(Buffer | number[])} parts */
function der(tag, ...parts) {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)))
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (/** @type {Buffer[]} */ ...parts) => der(0x30, ...parts)
const octets = (/** @type {Buffer} */ content) => der(0x04, content)
const bits = (/** @type {Buffer} */ content) => der(0x03, [0], content)

/** @param {string} text */
function oid(text) {
  const [first, second, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const part of rest) {
    const groups = [part & 127]
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 127) | 128)
    bytes.push(...groups)
  }
  return der(0x06, bytes)
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const RSA_WITH_SHA256 = sequence(oid('1.2.840.113549.1.1.11'), der(0x05))
const TRUE = der(0x01, [0xff])

const subject = (/** @type {string} */ name) =>
  sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name)))))
const time = (/** @type {Date} */ date) => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d+/g, '')))

/** @param {string} name */
function alternative(name) {
  const isAddress = /^\d+(\.\d+){3}$/.test(name)
  return isAddress ? der(0x87, name.split('.').map(Number)) : der(0x82, Buffer.from(name))
}

/** @param {Wanted} wanted */
function extensions({ names = [], isAuthority = false, isClient = false, policies = false }) {
  const purpose = oid(`1.3.6.1.5.5.7.3.${isClient ? 2 : 1}`)
  return [
    sequence(oid('2.5.29.19'), TRUE, octets(sequence(...(isAuthority ? [TRUE] : [])))),
    ...(isAuthority ? [] : [sequence(oid('2.5.29.37'), octets(sequence(purpose)))]),
    ...(names.length > 0 ? [sequence(oid('2.5.29.17'), octets(sequence(...names.map(alternative))))] : []),
    // Policy constraints: a policy is needed of no certificate beneath.
    ...(policies ? [sequence(oid('2.5.29.36'), TRUE, octets(sequence(der(0x80, [9]))))] : []),
  ]
}

/**
 * @param {string} name
 * @param {Wanted} wanted
 * @param {{ name: string, key: KeyObject } | undefined} issuer by itself, where there is none
 * @returns {Certified}
 */
function certify(name, wanted, issuer) {
  const { key = createKey(), from = new Date(Date.now() - DAY), to = new Date(Date.now() + DAY), version = 3 } = wanted
  const signer = issuer?.key ?? key
  const algorithm = signer.asymmetricKeyType === 'rsa' ? RSA_WITH_SHA256 : ECDSA_WITH_SHA256
  const toBeSigned = sequence(
    ...(version === 1 ? [] : [der(0xa0, der(0x02, [version - 1]))]),
    der(0x02, [1], randomBytes(8)),
    algorithm,
    subject(issuer?.name ?? name),
    sequence(time(from), time(to)),
    subject(name),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    ...(version === 1 ? [] : [der(0xa3, sequence(...extensions(wanted)))]),
  )
  const signature = sign('sha256', toBeSigned, signer)
  const cert = toPem('CERTIFICATE', sequence(toBeSigned, algorithm, bits(signature)))
  return { key, cert, pem: /** @type {string} */ (key.export({ type: 'pkcs8', format: 'pem' })) }
}

/** A private key of P-256. */
export function createKey(namedCurve = 'prime256v1') {
  return generateKeyPairSync('ec', { namedCurve }).privateKey
}

/** A private RSA key. */
export function createRsaKey(modulusLength = 2048) {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey
}

/**
 * An authority, and what it issues.
 *
 * @param {string} [name]
 * @param {Wanted} [wanted]
 * @param {{ name: string, key: KeyObject }} [issuer] itself, where there is none
 */
export function createAuthority(name = 'session-ingress test authority', wanted = {}, issuer = undefined) {
  const { key, cert } = certify(name, { isAuthority: true, ...wanted }, issuer)
  return {
    name,
    key,
    cert,
    /** For a server at 127.0.0.1 and localhost, unless told otherwise. @param {Wanted} [wanted] */
    issue: (wanted = {}) => certify(wanted.commonName ?? 'test', { names: NAMES, ...wanted }, { name, key }),
  }
}

const NAMES = ['127.0.0.1', 'localhost']

/** One that nobody issued but itself. @param {Wanted} [wanted] */
export function createSelfSigned(wanted = {}) {
  return certify(wanted.commonName ?? 'self-signed test', { names: NAMES, ...wanted }, undefined)
}

/** PEM text of DER. @param {string} label @param {Buffer} content */
export function toPem(label, content) {
  const lines = content.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`
}

/** The DER of a block. @param {string} pem */
export const toDer = (pem) => Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64')

const CIPHERS = { 'aes-128-cbc': '2.16.840.1.101.3.4.1.2', 'aes-256-cbc': '2.16.840.1.101.3.4.1.42' }
const PRFS = { sha1: '1.2.840.113549.2.7', sha256: '1.2.840.113549.2.9', sha512: '1.2.840.113549.2.11' }

/**
 * A key encrypted by PBES2 with a function of choice, which Node does not offer.
 *
 * @param {KeyObject} key
 * @param {string} passphrase
 * @param {keyof typeof CIPHERS} cipher
 * @param {keyof typeof PRFS | undefined} prf none is the default of the form, SHA-1
 */
export function encryptKey(key, passphrase, cipher, prf) {
  const [salt, iv] = [randomBytes(8), randomBytes(16)]
  const secret = pbkdf2Sync(passphrase, salt, 2048, cipher === 'aes-128-cbc' ? 16 : 32, prf ?? 'sha1')
  const encryption = createCipheriv(cipher, secret, iv)
  const encrypted = Buffer.concat([encryption.update(key.export({ type: 'pkcs8', format: 'der' })), encryption.final()])
  const named = prf ? [sequence(oid(PRFS[prf]), der(0x05))] : []
  const derivation = sequence(oid('1.2.840.113549.1.5.12'), sequence(octets(salt), der(0x02, [8, 0]), ...named))
  const scheme = sequence(
    oid('1.2.840.113549.1.5.13'),
    sequence(derivation, sequence(oid(CIPHERS[cipher]), octets(iv))),
  )
  return toPem('ENCRYPTED PRIVATE KEY', sequence(scheme, octets(encrypted)))
}

/**
 * A certificate as OpenSSL's `TRUSTED CERTIFICATE`, for these purposes, and not for those.
 *
 * @param {string} cert
 * @param {{ trust?: string[], reject?: string[] }} [settings]
 */
export function toTrusted(cert, { trust, reject } = {}) {
  const settings = sequence(
    ...(trust ? [sequence(...trust.map(oid))] : []),
    ...(reject ? [der(0xa0, ...reject.map(oid))] : []),
    der(0x0c, Buffer.from('alias')),
  )
  return toPem('TRUSTED CERTIFICATE', Buffer.concat([toDer(cert), trust || reject ? settings : Buffer.alloc(0)]))
}
