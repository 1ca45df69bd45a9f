// Appends and reads for a long time under mild faults, and looks whether anything grows: memory, threads,
// connections, delays.
//
//   npm run soak -- [--minutes 20] [--out docs/soak.svg] [--seed N]

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { judge } from './judge.mjs'
import { change, drawSoak, formatTime } from './picture.mjs'

/** A process that has nothing left to do ends by itself, within this time. */
const END_WITHIN_MS = 30_000
const NO_PROXY = '127.0.0.1'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    out: { type: 'string', default: fileURLToPath(new URL('../../docs/soak.svg', import.meta.url)) },
    seed: { type: 'string', default: '1' },
  },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) {
  console.error(`--minutes ${values.minutes} is no time`)
  process.exit(2)
}

/** @param {string} name @param {string[]} parameters @param {string[]} [execArgv] */
function start(name, parameters, execArgv = []) {
  const path = fileURLToPath(new URL(name, import.meta.url))
  // Not as JSON: what a system does not say is NaN.
  return fork(path, parameters, {
    execArgv,
    serialization: 'advanced',
    env: { ...process.env, NO_PROXY, no_proxy: NO_PROXY },
  })
}

const service = start('service.mjs', [values.seed])
try {
  const [port] = await once(service, 'message')
  const { samples, done, problems } = await soak(`http://127.0.0.1:${port}`)
  const judged = judge(samples)
  const { appends, reads, cancelled, sessions } = done
  const count = (/** @type {number} */ number) => number.toLocaleString('en-US')
  const about = `${count(appends)} appends and ${count(reads)} reads (${count(cancelled)} more cancelled) in ${count(sessions)} sessions; warm-up in grey`
  await writeFile(values.out, drawSoak(samples, judged, about))
  console.log(about)
  console.table(
    judged.map(({ label, unit, first, last, bound, flat }) => ({
      line: label,
      'first quarter → last': change(first, last, unit),
      bound,
      flat,
    })),
  )
  for (const { label } of judged.filter(({ flat }) => !flat)) problems.push(`${label} is not flat`)
  for (const problem of problems.slice(0, 20)) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  service.kill()
}

/** @param {string} base */
async function soak(base) {
  const load = start('load.mjs', [base, values.seed], ['--expose-gc'])
  /** @type {import('./sample.mjs').Sample[]} */
  const samples = []
  /** @type {{ done: Record<string, number>, problems: string[] } | undefined} */
  let result
  load.on('message', (/** @type {any} */ message) => {
    if (message.sample === undefined) result = message
    else samples.push(message.sample)
    const { seconds, rss } = samples.at(-1) ?? { seconds: 0, rss: 0 }
    if (samples.length % 60 === 0) console.log(`${formatTime(seconds)}: ${rss.toFixed(1)} MB resident`)
  })
  const exited = once(load, 'exit')
  await Promise.race([sleep(minutes * 60_000, undefined, { ref: false }), exited])
  if (load.connected) load.send('stop')
  const tooLong = setTimeout(() => load.kill('SIGKILL'), END_WITHIN_MS)
  const [code, signal] = await exited
  clearTimeout(tooLong)
  if (code !== 0 || result === undefined) throw new Error(`the process ended with ${code ?? signal}`)
  return { samples, ...result }
}
