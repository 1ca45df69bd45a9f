// A private certificate authority, by openssl.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { find } from '../../../scripts/network-servers.mjs'

/** @param {string} dir @param {...string} parameters */
function openssl(dir, ...parameters) {
  const { status, stderr } = spawnSync(find('openssl') ?? 'openssl', parameters, { cwd: dir, encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${parameters.join(' ')} failed:\n${stderr}`)
}

/** What each form of a private key is called, and how openssl makes it of PKCS#8. */
const KEY_FORMS = {
  'PKCS#8': ['EC', 'pkcs8', '-topk8', '-nocrypt'],
  SEC1: ['EC', 'ec'],
  'PKCS#1': ['RSA', 'rsa', '-traditional'],
  'encrypted PKCS#8': ['EC', 'pkcs8', '-topk8', '-passout', 'pass:secret'],
}

/** @typedef {keyof typeof KEY_FORMS} KeyForm */

const ALGORITHMS = {
  EC: ['EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
  RSA: ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
}

/** The passphrase of encrypted keys. */
export const PASSPHRASE = 'secret'

/**
 * An authority with its files in a folder below `dir`.
 *
 * @param {string} dir
 * @param {string} [name]
 */
export function createAuthority(dir, name = 'authority') {
  const folder = join(dir, name)
  mkdirSync(folder)
  const run = (/** @type {string[]} */ ...parameters) => openssl(folder, ...parameters)
  run('genpkey', '-algorithm', ...ALGORITHMS.EC, '-out', 'ca.key')
  run('req', '-x509', '-new', '-key', 'ca.key', '-subj', `/CN=${name}`, '-days', '2', '-out', 'ca.pem')
  writeFileSync(join(folder, 'index.txt'), '')
  writeFileSync(join(folder, 'ca.cnf'), CONFIG)

  /**
   * A certificate and its key, as paths.
   *
   * @param {string} name of its files
   * @param {object} [options]
   * @param {string} [options.altNames]
   * @param {[from: string, to: string]} [options.valid] as YYYYMMDDHHMMSSZ
   * @param {KeyForm} [options.form]
   */
  function issue(
    name,
    { altNames = 'DNS:localhost,IP:127.0.0.1', valid = ['20200101000000Z', '20491231235959Z'], form = 'PKCS#8' } = {},
  ) {
    const [algorithm, ...convert] = KEY_FORMS[form]
    run('genpkey', '-algorithm', ...ALGORITHMS[algorithm], '-out', `${name}.pkcs8`)
    run(...convert, '-in', `${name}.pkcs8`, '-out', `${name}.key`)
    const request = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${altNames}`]
    run('req', '-new', '-key', `${name}.pkcs8`, ...request, '-out', `${name}.csr`)
    const dates = ['-startdate', valid[0], '-enddate', valid[1]]
    run('ca', '-batch', '-config', 'ca.cnf', '-notext', ...dates, '-in', `${name}.csr`, '-out', `${name}.pem`)
    return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  }
  return { file: join(folder, 'ca.pem'), issue }
}

/** Certificate and key in one file, as haproxy wants them. @param {{ cert: string, key: string }} pair */
export function combine({ cert, key }) {
  const file = `${cert}.with-key`
  writeFileSync(file, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'))
  return file
}

const CONFIG = `
[ca]
default_ca = here
[here]
database = index.txt
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
rand_serial = yes
unique_subject = no
default_md = sha256
copy_extensions = copy
policy = any
[any]
commonName = supplied
`
