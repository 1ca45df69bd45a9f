// 10,000 appends over 64 sessions, without and with an outbox, next to the server: hardly anything should be written.

import { makeFlatEntries } from '../../../shared/entries.mjs'
import { appendAll, OFF_AND_ON } from './common.mjs'

const APPENDS = 10_000

export const variants = OFF_AND_ON
/** The difference is small. */
export const repeats = 5

/** @type {import('../index.mjs').Workload['run']} */
export const run = (variant, context) => appendAll(variant, context, makeFlatEntries(APPENDS))
