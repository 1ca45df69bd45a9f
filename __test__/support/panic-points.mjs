// The points at which the quick build can be told to panic. The addon that is shipped has none.

import { createRequire } from 'node:module'
import './binary.mjs'

const { NAPI_RS_NATIVE_LIBRARY_PATH: path } = process.env

/** @type {{ panicAt?: (point: string, times: number) => void }} */
const binding = path === undefined ? {} : createRequire(import.meta.url)(path)

/** Has the addon panic at a point. @param {string} point @param {number} times */
export const panicAt = (point, times) => binding.panicAt?.(point, times)

/** Why a test that needs these points is skipped, if it is. */
export const skip = binding.panicAt === undefined && 'the quick build alone can be told to panic'
