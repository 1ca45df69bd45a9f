// The appends of appends.mjs over TLS, which is what users have.

import { PEERS } from '../../shared/peers/index.mjs'
import { run as runPlain } from './appends.mjs'
import { overTls } from './common.mjs'

export const variants = PEERS

/** @type {import('./index.mjs').Workload['run']} */
export const run = (variant, context) => runPlain(variant, overTls(context))
