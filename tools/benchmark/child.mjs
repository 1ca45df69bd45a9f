// One workload, done by one variant, in a process of its own. Prints what was measured as one line of JSON.
//
//   node --expose-gc tools/benchmark/child.mjs WORKLOAD VARIANT CONTEXT

import { writeSync } from 'node:fs'
import { findWorkload } from './workloads/index.mjs'

const [name, variant, context] = process.argv.slice(2)
const workload = await findWorkload(name)
const measured = await workload.run(variant, JSON.parse(context))
writeSync(1, `${JSON.stringify(measured)}\n`)
// Kept connections would hold some clients' processes open.
process.exit()
