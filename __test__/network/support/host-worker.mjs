// The worker behind startHost: calls the addon as it is told to.

import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'

const addon = createRequire(import.meta.url)('../../../index.js')
const send = (/** @type {object} */ message) => parentPort?.postMessage(message)

addon.configure({
  getSessionIngressAuthToken: () => 'token',
  getOauthConfig: () => ({ BASE_API_URL: workerData.base }),
  logForDiagnosticsNoPII: (/** @type {unknown[]} */ ...what) => send({ kind: 'diagnostics', what }),
  logError: (/** @type {Error} */ error) => send({ kind: 'errors', what: error.message }),
  retry: { baseDelayMs: 1, maxDelayMs: 2 },
  ...workerData.configure,
})

parentPort?.on('message', async ({ id, name, parameters }) => {
  try {
    send({ id, value: await addon[name](...parameters) })
  } catch (error) {
    send({ id, error })
  }
})
