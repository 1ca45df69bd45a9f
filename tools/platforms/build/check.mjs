// What is checked of a binary without running it: its size, and which C library it needs.

import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { basename } from 'node:path'

const GLIBC = [2, 28]
const BYTES = 8_000_000

/**
 * What it needs and how large it is, in words. Throws where that is too much.
 *
 * @param {string} file whose name says for which platform it is
 */
export function checkBinary(file) {
  const bytes = statSync(file).size
  const [, platform] = /\.([\w-]+)\.node$/.exec(basename(file)) ?? []
  const ofLinux = platform?.startsWith('linux-')
  const needs = !ofLinux ? undefined : platform.endsWith('-musl') ? checkMusl(file) : checkGlibc(file)
  if (ofLinux && bytes >= BYTES) throw new Error(`${file} has ${bytes} bytes, ${BYTES} or more`)
  return [`${bytes} bytes`, needs].filter(Boolean).join(', ')
}

/** @param {string} file */
function checkGlibc(file) {
  const found = readObject(file, '-T').matchAll(/\bGLIBC_(\d+)\.(\d+)/g)
  const versions = [...found].map(([, major, minor]) => [Number(major), Number(minor)])
  const [newest] = versions.sort(newestFirst)
  if (newest === undefined) throw new Error(`${file} needs no version of glibc at all: is it a binary for glibc?`)
  if (newestFirst(newest, GLIBC) < 0) {
    throw new Error(`${file} needs glibc ${newest.join('.')}, newer than ${GLIBC.join('.')}`)
  }
  return `needs glibc ${newest.join('.')}`
}

/** No other library is sure to be in an image of musl. @param {string} file */
function checkMusl(file) {
  const needed = [...readObject(file, '-p').matchAll(/^ +NEEDED +(\S+)$/gm)].map(([, name]) => name)
  if (needed.join() !== 'libc.so') throw new Error(`${file} needs ${needed.join(', ') || 'nothing'}, not libc.so alone`)
  return 'needs libc.so alone'
}

/** @param {string} file @param {string} option */
function readObject(file, option) {
  const { stdout, status, stderr, error } = spawnSync('objdump', [option, file], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status !== 0) {
    throw new Error(`objdump ${option} ${file} failed (it is part of binutils): ${stderr ?? ''}${error?.message ?? ''}`)
  }
  return stdout
}

/** @param {number[]} a @param {number[]} b */
function newestFirst(a, b) {
  return b[0] - a[0] || b[1] - a[1]
}
