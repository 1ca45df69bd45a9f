// docs/benchmarks.md and its pictures.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { median } from '../measure.mjs'
import { drawAppendCost } from './append-cost.mjs'
import { drawEventLoopHold } from './event-loop-hold.mjs'
import { drawOutage } from './outage.mjs'
import { summarize } from './table.mjs'

const DOCS = new URL('../../../docs/', import.meta.url)
/** From here on the document is written by people: a new run keeps it. */
const BY_HAND = '## What was tried and did not help'

/**
 * @param {import('./table.mjs').Results} results
 * @param {import('./table.mjs').Table} table
 * @param {Record<string, string | number>} about
 */
export async function writeDocument(results, table, about) {
  await mkdir(DOCS, { recursive: true })
  const document = new URL('benchmarks.md', DOCS)
  const before = await readFile(document, 'utf8').catch(() => '')
  const byHand = before.includes(BY_HAND) ? before.slice(before.indexOf(BY_HAND)) : `${BY_HAND}\n\nNothing yet.\n`
  await writeFile(document, `${formatDocument(table, about)}\n${byHand}`)
  await writeFile(new URL('event-loop-hold.svg', DOCS), drawEventLoopHold(pickTimelines(results)))
  await writeFile(new URL('append-cost.svg', DOCS), drawAppendCost(pickAppendCosts(results)))
  await writeFile(new URL('outage.svg', DOCS), drawOutage(results['outbox/outage'].on[0]))
}

/** Of each peer the run whose longest hold is the median. @param {import('./table.mjs').Results} results */
function pickTimelines({ timeline }) {
  const pick = (runs) => {
    const middle = median(runs.map(({ longest }) => longest))
    return runs.toSorted((a, b) => Math.abs(a.longest - middle) - Math.abs(b.longest - middle))[0]
  }
  return { old: pick(timeline.axios), ours: pick(timeline.addon) }
}

function pickAppendCosts(results) {
  const cost = (variant, metric) => summarize(results, 'appends', variant, metric)?.median ?? 0
  return [
    { name: 'old module (axios)', cost: cost('axios', 'active') },
    { name: 'undici, hand-written', cost: cost('undici', 'active') },
    { name: 'session-ingress', cost: cost('addon', 'active'), ours: true },
    { name: 'JSON.stringify alone', cost: cost('addon', 'stringify'), floor: true },
  ]
}

function formatDocument({ lines, growth, outbox }, about) {
  const rows = lines.map(({ label, cells, ratios, verdicts }) => [
    label,
    ...cells,
    ...ratios,
    verdicts.map(({ text }) => text).join('<br>'),
    verdicts.map(({ measured, met }) => `${met ? 'met' : '**missed**'}: ${measured}`).join('<br>'),
  ])
  const headings = [
    'work',
    `old module (axios ${about.axios})`,
    `undici ${about.undici}, hand-written`,
    `session-ingress ${about.addon}`,
    'floor',
    '÷ old',
    '÷ undici',
    'goal',
    '',
  ]
  return `# Benchmarks

<!-- Written by \`npm run bench\`, up to “What was tried”. -->

Against what a host could use instead: the old module's way with axios, and undici by hand.

| | |
|---|---|
| command | \`npm run bench\` |
| date | ${about.date} |
| machine | ${about.machine}; ${about.system} |
| Node | ${about.node} |
| server | ${about.served}, one process on the loopback interface |
| other work meanwhile | kept ${about.elsewhere} cores busy |
| runs | median of ${about.runs} (least–most), each in a process of its own |

![How long the event loop is held while a log of 50,000 entries is read](event-loop-hold.svg)

![What an append costs the JavaScript thread](append-cost.svg)

${formatTable([headings, ...rows])}

## How cost grows

Per entry. Growth is the largest cost beside the least at a smaller size; the goal is number 8.

${growth.map(formatGrowth).join('\n\n')}

## With an outbox

The same work without and with \`configure({ outbox: { dir } })\`, in turn.
\`npm run bench -- --only outbox\` measures it alone.

${formatOutbox(outbox)}

![Entries that wait, the folder and memory over an outage, and the recovery from it](outage.svg)

## How it is measured

- Entries are made from a seed: prompts, replies, tool calls and their results, about 2.8 KB each as JSON. Five
  in a hundred hold more than ASCII, spread evenly, so that hardly any stretch of a log is ASCII alone.
- The server responds to appends with 201, and serves logs and pages. It is one process; what it spends on an append
  stands in the table, so that it is seen not to be what is measured.
- The JavaScript thread's time is the event loop's active time: waiting for a core counts, as it does for a host.
  Below it stands what the thread really ran.
- The longest hold is the largest delay of a timer that fires each millisecond, that millisecond included. The
  plain loop parses the same batches of 96 KiB, cut beforehand: what it holds the loop longer than a batch takes
  is V8's garbage collector. The collector's own account of its pauses gives the line below: the longest turn
  of the loop without them.
- The picture of the event loop is of runs of their own: a loop of immediates sees each turn, but keeps a core busy,
  and so sees other holds than the timer of the table.
- \`JSON.parse(text)\` is given a string that is there already. \`JSON.parse(bytes.toString())\` makes it of the bytes
  first, as every client has to.
- Peak memory is that of the whole process, Node's own 45 MB included.
- Appends are warm: the client is built and connections stand. What a first request costs has rows of its own.
- The first append starts two threads: the runtime's, and one on which certificates are read and names are looked
  up. That one ends after ten seconds without work.
- Next to the server, an entry is stored before it would be written. Away from it, each is written; the relay on the way
  is a process of its own, and costs both sides the same.
- What is written to the disk is what the kernel counts for the process (\`write_bytes\`).
- In the outage, a server is away for 30 seconds while 500 entries a second are appended to four sessions, with three
  attempts for each and tries at most two seconds apart, so that it fits into a minute. Memory is that of the whole process,
  after a garbage collection.
- Memory that is kept is the difference after a warm-up of 30,000 appends and 30 reads, with forced collection.
`
}

function formatGrowth({ label, sizes, lines }) {
  const rows = lines.map(({ of, cells, verdict }) => [
    of,
    ...cells,
    verdict ? verdict.text : '',
    verdict ? `${verdict.met ? 'met' : '**missed**'}: ${verdict.measured}` : '',
  ])
  return formatTable([[label, ...sizes, 'goal', ''], ...rows])
}

function formatOutbox(lines) {
  const rows = lines.map(({ label, cells, ratio, verdict }) => [
    label,
    ...cells,
    ratio,
    verdict ? verdict.text : '',
    verdict ? `${verdict.met ? 'met' : '**missed**'}: ${verdict.measured}` : '',
  ])
  return formatTable([['work', 'without', 'with', '÷ without', 'goal', ''], ...rows])
}

function formatTable([headings, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(headings), `|${headings.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}
