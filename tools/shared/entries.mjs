// Transcript entries as a coding agent writes them: prompts, replies, tool calls and, most of the bytes,
// what tools gave back. The same ones in every run.

const LINES = [
  'export async function resolveStation(id, { signal } = {}) {',
  '  const station = await stations.get(id, { signal })',
  '  if (station === undefined) throw new RangeError("no station")',
  '\tfor event in station.events(day):\n\t\tyield event.time + offset * 3600, event.height',
  '  // The offset changes twice a year; a table may cross either day.',
  'test result: ok. 214 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out',
  'src/table.py:41:    offset = station.utc_offset',
  '    "node_modules/.bin/tsc": "^5.4.0",',
  '- rows = [row for row in table if row["station"] == name]',
  '+ rows = [row for row in table if row["station"] == name and not row["stale"]]',
  'drwxr-xr-x  14 mira  staff     448 Mar  2 09:14 harmonics',
  'error[E0308]: mismatched types\n  --> src/harmonics.rs:88:21',
  '  return <Table rows={rows} onSelect={(row) => setSelected(row.id)} />',
  'SELECT station, height FROM tides WHERE day BETWEEN ? AND ? ORDER BY time',
]
const SENTENCES = [
  'The offset is constant in the code, and summer time is not.',
  'I will read the station first and then the table that uses it.',
  'Both callers pass a `Date`, so the conversion can move into `rows`.',
  'The test fails for the days on which the clock changes, which is what we want to see first.',
  'That keeps the API as it is: "offset" stays, and nobody has to migrate.',
]
const BEYOND_ASCII = [
  'L’élève a déjà réglé l’été à Saint-Malo.',
  'Größenänderung der Tabelle läuft über das Übungsverzeichnis.',
  '潮位表のタイムゾーンが夏時間になっていません。',
  'Таблица приливов сдвинута на один час.',
  'done ✓ → 3 files changed 🌊',
]
/** So many texts in a thousand hold more than ASCII, most of them more than Latin-1. */
const PER_MILLE_BEYOND_ASCII = 4

/**
 * @param {number} count
 * @param {number} [seed]
 * @returns {Generator<{ uuid: string, [key: string]: unknown }>} about 2.8 KB each as JSON, some far more
 */
export function* makeEntries(count, seed = 1) {
  const random = createRandom(seed)
  /** @type {string | null} */
  let parentUuid = null
  for (let index = 0; index < count; index += 1) {
    const uuid = makeUuid(random)
    yield {
      parentUuid,
      isSidechain: false,
      userType: 'external',
      cwd: '/home/mira/tides',
      sessionId: '5a1c0ffe-2f0e-4b55-9d0a-6f0d6c9b8e11',
      version: '1.4.2',
      gitBranch: 'main',
      ...makeContent(random, index),
      uuid,
      timestamp: new Date(1772442000000 + index * 7259).toISOString(),
    }
    parentUuid = uuid
  }
}

/**
 * Entries as a host has them: their strings are flat, as those that came out of JSON.parse. Strings that
 * were put together a moment ago would charge their flattening to whoever serialises them first.
 *
 * @param {number} count
 * @returns {{ uuid: string }[]}
 */
export function makeFlatEntries(count) {
  return Array.from(makeEntries(count), (entry) => JSON.parse(JSON.stringify(entry)))
}

/** @param {() => number} random @param {number} index */
function makeContent(random, index) {
  const kind = random()
  if (kind < 0.45) return makeToolResult(random, index)
  if (kind < 0.85) return makeToolCall(random, index)
  const text = makeText(random, SENTENCES, 4 + Math.floor(random() * 12), ' ')
  if (kind < 0.9) return { type: 'user', message: { role: 'user', content: text } }
  return makeReply(index, [{ type: 'text', text }])
}

/** @param {() => number} random @param {number} index */
function makeToolCall(random, index) {
  const input = {
    file_path: `/home/mira/tides/src/part-${index % 97}.py`,
    old_string: makeText(random, LINES, 2 + Math.floor(random() * 12), '\n'),
    new_string: makeText(random, LINES, 2 + Math.floor(random() * 12), '\n'),
    replace_all: false,
  }
  const text = makeText(random, SENTENCES, 2, ' ')
  return makeReply(index, [
    { type: 'text', text },
    { type: 'tool_use', id: `toolu_${index}`, name: 'Edit', input },
  ])
}

/** @param {number} index @param {unknown} content */
function makeReply(index, content) {
  const usage = {
    input_tokens: 4 + (index % 9),
    cache_creation_input_tokens: 1200 + (index % 900),
    cache_read_input_tokens: 18_000 + (index % 7000),
    cache_creation: { ephemeral_5m_input_tokens: 1200 + (index % 900), ephemeral_1h_input_tokens: 0 },
    output_tokens: 40 + (index % 300),
    service_tier: 'standard',
  }
  const about = { id: `msg_${index}`, type: 'message', role: 'assistant', model: 'model-1' }
  return {
    type: 'assistant',
    message: { ...about, content, stop_reason: 'tool_use', stop_sequence: null, usage },
    requestId: `req_${index}`,
  }
}

/**
 * What a tool gave back stands there twice: as the model reads it, and as the host shows it.
 *
 * @param {() => number} random
 * @param {number} index
 */
function makeToolResult(random, index) {
  // Most results are short, a few are whole files.
  const lines = Array.from({ length: 5 + Math.floor(90 * random() ** 3) }, () => makeText(random, LINES, 1, ''))
  const text = lines.join('\n')
  return {
    type: 'user',
    message: {
      role: 'user',
      content: [{ tool_use_id: `toolu_${index - 1}`, type: 'tool_result', content: text, is_error: false }],
    },
    toolUseResult: random() < 0.5 ? makePatch(lines, index) : { stdout: text, stderr: '', interrupted: false },
  }
}

/** @param {string[]} lines @param {number} index */
function makePatch(lines, index) {
  const hunk = { oldStart: 41, oldLines: lines.length, newStart: 41, newLines: lines.length + 1 }
  return {
    filePath: `/home/mira/tides/src/part-${index % 97}.py`,
    structuredPatch: [{ ...hunk, lines: lines.map((text, at) => `${' -+'[at % 3]}${text}`) }],
    userModified: false,
    replaceAll: false,
  }
}

/** @param {() => number} random @param {string[]} from @param {number} parts @param {string} between */
function makeText(random, from, parts, between) {
  const chosen = Array.from({ length: parts }, () => pick(random, from))
  if (random() * 1000 < PER_MILLE_BEYOND_ASCII) chosen[0] = pick(random, BEYOND_ASCII)
  return chosen.join(between)
}

/** @param {() => number} random @param {string[]} from */
function pick(random, from) {
  return from[Math.floor(random() * from.length)]
}

/** @param {() => number} random */
function makeUuid(random) {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16))
  hex[12] = '4'
  const text = hex.join('')
  const parts = [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)]
  return parts.join('-')
}

/** A small generator of numbers in [0, 1): xorshift32, which is random enough for text. @param {number} seed */
function createRandom(seed) {
  let state = (seed * 2654435761) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}
