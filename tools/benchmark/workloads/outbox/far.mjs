// The same with a server that is 50 ms away: all entries are written before they are stored.

import { makeFlatEntries } from '../../../shared/entries.mjs'
import { startRelay } from '../../relay.mjs'
import { appendAll, OFF_AND_ON } from './common.mjs'

const APPENDS = 10_000
const DELAY_MS = 50

export const variants = OFF_AND_ON

/** @type {import('../index.mjs').Workload['run']} */
export async function run(variant, context) {
  const relay = await startRelay({ url: context.url, delayMs: DELAY_MS })
  try {
    return await appendAll(variant, { ...context, url: relay.url }, makeFlatEntries(APPENDS))
  } finally {
    relay.close()
  }
}
