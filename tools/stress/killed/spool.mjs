// Reads the files of an outbox, by the format alone (docs/specification.md, section 11): what stands in them is what a
// killed process has kept.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const PREAMBLE_BYTES = 24
const HEAD_BYTES = 8
const ENTRY = 2
const DELIVERED = 3
const REMOVED = 4

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value >>> 0
})

/** CRC-32. @param {Buffer[]} parts */
export function checksum(...parts) {
  let crc = 0xffffffff
  for (const part of parts) for (const byte of part) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** @param {number} number */
function u32(number) {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes
}

/** The uuids that wait in one file, in order. @param {Buffer} file */
function pendingOf(file) {
  if (file.length < PREAMBLE_BYTES || file.toString('latin1', 0, 8) !== 'SIOUTBOX') return []
  let crc = file.readUInt32LE(20)
  if (checksum(file.subarray(0, 20)) !== crc) return []
  /** @type {Map<bigint, string>} */
  const pending = new Map()
  for (let at = PREAMBLE_BYTES; at + HEAD_BYTES <= file.length; ) {
    const length = file.readUInt32LE(at)
    const body = file.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length)
    if (length === 0 || body.length < length) break
    const expected = checksum(u32(crc), u32(length), body)
    if (expected !== file.readUInt32LE(at + 4)) break
    crc = expected
    at += HEAD_BYTES + length
    const kind = body[0]
    const seq = kind === ENTRY || kind === DELIVERED || kind === REMOVED ? body.readBigUInt64LE(1) : 0n
    if (kind === ENTRY) {
      const uuidAt = 11 + body.readUInt16LE(9)
      pending.set(seq, body.toString('latin1', uuidAt + 2, uuidAt + 2 + body.readUInt16LE(uuidAt)))
    } else if (kind === DELIVERED) {
      for (const known of pending.keys()) if (known <= seq) pending.delete(known)
    } else if (kind === REMOVED) {
      pending.delete(seq)
    }
  }
  return [...pending.values()]
}

/** The uuids that wait in a folder. @param {string} dir */
export function readPending(dir) {
  const folder = join(dir, 'v1')
  /** @type {Set<string>} */
  const uuids = new Set()
  for (const name of list(folder)) {
    if (!name.endsWith('.spool')) continue
    for (const uuid of pendingOf(read(join(folder, name)))) uuids.add(uuid)
  }
  return uuids
}

/** @param {string} folder */
function list(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** It may be removed meanwhile: then it was delivered. @param {string} path */
function read(path) {
  try {
    return readFileSync(path)
  } catch {
    return Buffer.alloc(0)
  }
}
