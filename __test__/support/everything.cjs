// A bit of everything that the addon does, for tools that watch its memory: small, because they are slow. Prints `end`.

const { createServer } = require('node:http')
const { Worker, isMainThread, workerData } = require('node:worker_threads')
const addon = require('../../index.js')

/** @param {string} url */
async function work(url) {
  const nothing = () => {}
  addon.configure({
    getSessionIngressAuthToken: () => 't',
    getOauthConfig: () => ({ BASE_API_URL: url }),
    logForDebugging: nothing,
    logForDiagnosticsNoPII: nothing,
    logError: nothing,
    retry: { baseDelayMs: 1, maxDelayMs: 2 },
    limits: { maxResponseBytes: 1_000_000 },
  })
  const controller = new AbortController()
  const unserialisable = { uuid: 'u', toJSON: () => BigInt(1) }
  const operations = [
    ...Array.from({ length: 20 }, (_, n) => addon.appendSessionLog(`s${n % 3}`, { uuid: `u${n}`, text: 'ü' }, url)),
    addon.appendSessionLog('s', unserialisable, url),
    addon.appendSessionLog('s', { uuid: 'u' }, 'nonsense'),
    addon.getSessionLogs('r', url, { onProgress: nothing }),
    addon.getSessionLogsViaOAuth('r', 't', 'o'),
    addon.getTeleportEvents('r', 't', 'o'),
    addon.getSessionLogs('r', `${url}/never`, { signal: controller.signal }),
    addon.flush(),
    addon.flush({ timeoutMs: 1 }),
  ]
  setTimeout(() => controller.abort(), 100)
  addon.clearSession('s1')
  await Promise.allSettled(operations)
  addon.clearAllSessions()
  return addon.sessionStats()
}

async function main() {
  const list = Array.from({ length: 300 }, (_, n) => ({ uuid: `u${n}`, text: `ü${'x'.repeat(300)}` }))
  let puts = 0
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      if (request.url === '/never') return
      if (request.method === 'PUT') response.writeHead(++puts % 4 === 0 ? 500 : 201).end()
      else response.end(JSON.stringify({ loglines: list, data: list.map((payload) => ({ payload })) }))
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const url = `http://127.0.0.1:${port}`
  await work(url)
  // Workers that end by themselves, and such as are ended early and late.
  for (const exitAfter of [undefined, 0, 20, 200]) {
    const worker = new Worker(__filename, { workerData: { url, exitAfter } })
    await new Promise((resolve) => worker.once('exit', resolve))
  }
  server.closeAllConnections()
  server.close()
  console.log('end')
}

if (isMainThread) {
  main()
} else {
  work(workerData.url)
  if (workerData.exitAfter !== undefined) setTimeout(() => process.exit(0), workerData.exitAfter)
}
