// The large read of read.mjs over TLS, which is what users have.

import { PEERS } from '../../shared/peers/index.mjs'
import { overTls } from './common.mjs'
import { run as runPlain } from './read.mjs'

export { needs } from './read.mjs'

export const variants = PEERS

/** @type {import('./index.mjs').Workload['run']} */
export const run = (variant, context) => runPlain(variant, overTls(context))
