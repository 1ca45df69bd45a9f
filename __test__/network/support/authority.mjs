// A private authority whose certificates and keys are files, as servers want them.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAuthority, createKey, createRsaKey } from '../../../tools/shared/certificates.mjs'

/** The passphrase of encrypted keys. */
export const PASSPHRASE = 'secret'

/** How private keys are written. */
const FORMS = {
  'PKCS#8': { create: createKey, as: { type: 'pkcs8' } },
  'encrypted PKCS#8': { create: createKey, as: { type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } },
  SEC1: { create: createKey, as: { type: 'sec1' } },
  'PKCS#1': { create: createRsaKey, as: { type: 'pkcs1' } },
}

/** @typedef {keyof typeof FORMS} KeyForm */

/**
 * An authority with its files in a folder of its name below `dir`.
 *
 * @param {string} dir
 * @param {string} [name]
 */
export function createAuthorityFiles(dir, name = 'authority') {
  const folder = join(dir, name)
  mkdirSync(folder)
  const authority = createAuthority(name)
  const write = (/** @type {string} */ file, /** @type {string} */ text) => {
    writeFileSync(join(folder, file), text)
    return join(folder, file)
  }
  return {
    /** Its own certificate. */
    file: write('ca.pem', authority.cert),
    /**
     * A certificate and its key.
     *
     * @param {string} name of the files
     * @param {import('../../../tools/shared/certificates.mjs').Wanted & { form?: KeyForm }} [options]
     */
    issue(name, { form = 'PKCS#8', ...wanted } = {}) {
      const { create, as } = FORMS[form]
      const key = create()
      const { cert } = authority.issue({ ...wanted, key })
      const text = key.export(/** @type {any} */ ({ ...as, format: 'pem' }))
      return { cert: write(`${name}.pem`, cert), key: write(`${name}.key`, String(text)) }
    },
  }
}

/** Certificate and key in one file, as haproxy wants them. @param {{ cert: string, key: string }} pair */
export function combine({ cert, key }) {
  const file = `${cert}.with-key`
  writeFileSync(file, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'))
  return file
}
