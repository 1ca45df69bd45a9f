// Which request meets which fault.

const { delay, resetAfter, resetBefore, status, statusAfter } = require('./faults.js')
const { sessionOf } = require('./protocol.js')

/** @typedef {import('./faults.js').Fault} Fault */
/** @typedef {import('./index.js').FaultOptions} FaultOptions */

const METHODS = ['PUT', 'GET']
const WHERE = ['session', 'method']

/** Checks what a fault was given, as wrong options would be a fault that nothing meets. @param {string} name @param {Record<string, unknown>} options @param {string[]} known */
function check(name, options, known) {
  const wrong = (/** @type {string} */ what) => new TypeError(`faults.${name}: ${what}`)
  if (typeof options !== 'object' || options === null) throw wrong('options must be an object')
  for (const key of Object.keys(options)) {
    if (![...WHERE, ...known].includes(key)) throw wrong(`there is no option ${key}`)
  }
  const { session, method, times, stored, headers, message } = options
  if (session !== undefined && typeof session !== 'string') throw wrong('session must be a string')
  if (method !== undefined && !METHODS.includes(String(method))) throw wrong(`method must be ${METHODS.join(' or ')}`)
  if (times !== undefined && !(Number.isInteger(times) && Number(times) >= 1)) {
    throw wrong('times must be an integer from 1')
  }
  if (stored !== undefined && typeof stored !== 'boolean') throw wrong('stored must be true or false')
  if (headers !== undefined && (typeof headers !== 'object' || headers === null))
    throw wrong('headers must be an object')
  if (message !== undefined && typeof message !== 'string') throw wrong('message must be a string')
}

class FaultScript {
  /** @type {{ fault: Fault, options: FaultOptions, left: number, active: import('./index.js').ActiveFault }[]} */
  #entries = []

  /** @param {number} code @param {import('./index.js').StatusOptions} [options] */
  status(code, options = {}) {
    check('status', { ...options }, ['times', 'stored', 'headers', 'message'])
    if (!(Number.isInteger(code) && code >= 200 && code <= 599)) {
      throw new TypeError('faults.status: the status must be an integer from 200 to 599')
    }
    const { stored, headers, message } = options
    return this.add((stored ? statusAfter : status)(code, headers, message), options)
  }

  /** @param {import('./index.js').ResetOptions} [options] */
  reset(options = {}) {
    check('reset', { ...options }, ['times', 'stored'])
    return this.add(options.stored ? resetAfter : resetBefore, options)
  }

  /** @param {number} milliseconds @param {FaultOptions} [options] */
  delay(milliseconds, options = {}) {
    check('delay', { ...options }, ['times'])
    if (!(Number.isFinite(milliseconds) && milliseconds >= 0)) {
      throw new TypeError('faults.delay: the milliseconds must be a finite number from 0')
    }
    return this.add(delay(milliseconds), options)
  }

  /** @param {Omit<FaultOptions, 'times'>} [options] */
  outage(options = {}) {
    check('outage', { ...options }, [])
    return this.add(resetBefore, options)
  }

  /** A fault of any kind. @param {Fault} fault @param {FaultOptions} [options] */
  add(fault, options = {}) {
    let met = 0
    const active = {
      get met() {
        return met
      },
      end: () => {
        this.#entries = this.#entries.filter((other) => other !== entry)
      },
    }
    const entry = { options, active, left: options.times ?? Number.POSITIVE_INFINITY, fault }
    entry.fault = (handler) => (request, response) => {
      met += 1
      entry.left -= 1
      if (entry.left === 0) active.end()
      return fault(handler)(request, response)
    }
    this.#entries.push(entry)
    return active
  }

  /** Ends all faults. */
  clear() {
    this.#entries = []
  }

  /** Has each request meet the first fault that is meant for it. @type {Fault} */
  around = (handler) => (request, response) => {
    const session = sessionOf(request.url)
    const entry = this.#entries.find(
      ({ options }) =>
        (options.method ?? request.method) === request.method && (options.session ?? session) === session,
    )
    return (entry?.fault(handler) ?? handler)(request, response)
  }
}

module.exports = { FaultScript }
