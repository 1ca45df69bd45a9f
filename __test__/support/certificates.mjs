// Certificates for test servers, signed by themselves.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** @param {number} tag @param {...Buffer} parts */
function der(tag, ...parts) {
  const content = Buffer.concat(parts)
  const { length } = content
  const prefix = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...prefix]), content])
}

const SEQUENCE = 0x30
const ECDSA_WITH_SHA256 = der(SEQUENCE, oid('2a8648ce3d040302'))

/** @param {string} hex */
function oid(hex) {
  return der(0x06, Buffer.from(hex, 'hex'))
}

/** @param {number} year */
function newYear(year) {
  return der(0x17, Buffer.from(`${String(year).slice(2)}0101000000Z`))
}

/**
 * A certificate for `localhost`, 127.0.0.1 and ::1, which is its own authority.
 *
 * @returns {{ key: string, cert: string }} as PEM
 */
export function createCertificate() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const commonName = der(SEQUENCE, oid('550403'), der(0x0c, Buffer.from('test')))
  const name = der(SEQUENCE, der(0x31, commonName))
  const names = der(
    SEQUENCE,
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
    der(0x87, Buffer.from([...Array(15).fill(0), 1])),
  )
  const extensions = der(0xa3, der(SEQUENCE, der(SEQUENCE, oid('551d11'), der(0x04, names))))
  const year = new Date().getUTCFullYear()
  const content = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    name,
    der(SEQUENCE, newYear(year - 1), newYear(year + 2)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey))
  const lines =
    der(SEQUENCE, content, ECDSA_WITH_SHA256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  }
}
