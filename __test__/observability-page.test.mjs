// The example of docs/observability.md, as the page prints it, with the API of OpenTelemetry.

import assert from 'node:assert/strict'
import diagnosticsChannel from 'node:diagnostics_channel'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { metrics, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { addon, createEntry, QUICK, useHost } from './support/addon.mjs'
import { createFolder } from './support/package.mjs'
import { serveInOrder } from './support/server.mjs'

const { appendSessionLog, getSessionLogs } = addon

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Takes the place of an SDK: keeps the spans and the figures that the API is given. */
function recordTelemetry() {
  /** @type {any[]} */
  const spans = []
  /** @type {any[]} */
  const records = []
  /** @type {Record<string, (gauge: { observe: (value: number) => void }) => void>} */
  const gauges = {}
  const tracer = {
    startSpan(/** @type {string} */ name, /** @type {any} */ options) {
      const span = {
        name,
        kind: options.kind,
        attributes: { ...options.attributes },
        /** @type {any[]} */
        exceptions: [],
        status: { code: SpanStatusCode.UNSET },
        hasEnded: false,
        spanContext: () => ({ traceId: '0'.repeat(31) + spans.indexOf(span), spanId: '1'.repeat(16), traceFlags: 1 }),
        setAttributes(/** @type {any} */ attributes) {
          Object.assign(span.attributes, attributes)
          return span
        },
        recordException: (/** @type {any} */ error) => void span.exceptions.push(error),
        setStatus: (/** @type {any} */ status) => void Object.assign(span, { status }),
        end: () => void Object.assign(span, { hasEnded: true }),
      }
      spans.push(span)
      return span
    },
  }
  const meter = {
    createHistogram: (/** @type {string} */ name) => ({
      record: (/** @type {number} */ value, /** @type {any} */ attributes) => records.push({ name, value, attributes }),
    }),
    createObservableGauge: (/** @type {string} */ name) => ({
      addCallback: (/** @type {any} */ callback) => void Object.assign(gauges, { [name]: callback }),
    }),
  }
  trace.setGlobalTracerProvider(/** @type {any} */ ({ getTracer: () => tracer }))
  metrics.setGlobalMeterProvider(/** @type {any} */ ({ getMeter: () => meter }))
  propagation.setGlobalPropagator({
    inject(context, carrier, setter) {
      const span = trace.getSpan(context)?.spanContext()
      if (span) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-01`)
    },
    extract: (context) => context,
    fields: () => ['traceparent'],
  })
  const observed = (/** @type {string} */ name) => {
    /** @type {number | undefined} */
    let seen
    gauges[name]({
      observe(value) {
        seen = value
      },
    })
    return seen
  }
  return { spans, records, observed }
}

test('the example makes spans and metrics, and sends the span along', {
  skip: 'tracingChannel' in diagnosticsChannel ? false : 'this Node has no tracing channels',
}, async (t) => {
  const page = await readFile(join(ROOT, 'docs/observability.md'), 'utf8')
  const [, example] =
    page.match(/```js\n(import \{ tracingChannel \}[\s\S]*?)```/) ?? assert.fail('there is no example')
  const file = join(createFolder(t), 'telemetry.mjs')
  const resolved = (/** @type {string} */ name) => import.meta.resolve?.(name) ?? name
  const own = pathToFileURL(join(ROOT, 'index.js')).href
  const api = resolved('@opentelemetry/api')
  await writeFile(file, example.replace(`'session-ingress'`, `'${own}'`).replace(`'@opentelemetry/api'`, `'${api}'`))

  useHost(t, { retry: { ...QUICK, giveUpOn: [413] } })
  const { spans, records, observed } = recordTelemetry()
  await import(pathToFileURL(file).href)

  const server = await serveInOrder(t, { status: 500 }, { status: 201 }, { status: 413 }, { body: { loglines: [] } })
  const [first, second] = [createEntry(), createEntry()]
  const append = appendSessionLog('s', first, server.url)
  assert.equal(observed('session_ingress.pending'), 1)
  assert.equal(await append, true)
  assert.equal(await appendSessionLog('s', second, server.url), false)
  await getSessionLogs('s', server.url)

  assert.deepEqual(
    spans.map(({ name, kind, status, hasEnded }) => [name, kind, status.code, hasEnded]),
    [
      ['session-ingress append', SpanKind.CLIENT, SpanStatusCode.UNSET, true],
      ['session-ingress append', SpanKind.CLIENT, SpanStatusCode.ERROR, true],
      ['session-ingress readLog', SpanKind.CLIENT, SpanStatusCode.UNSET, true],
    ],
  )
  const [{ attributes }, failed] = spans
  assert.equal(attributes['session.id'], 's')
  assert.equal(attributes['session_ingress.uuid'], first.uuid)
  assert.equal(attributes['http.response.status_code'], 201)
  assert.equal(attributes['http.request.resend_count'], 1)
  assert.equal(failed.exceptions[0].code, 'ERR_SESSION_INGRESS_STATUS')
  assert.deepEqual(
    records.map(({ attributes }) => [attributes.operation, attributes['error.type']]),
    [
      ['append', 'none'],
      ['append', 'ERR_SESSION_INGRESS_STATUS'],
      ['readLog', 'none'],
    ],
  )
  assert.ok(records.every(({ value }) => value > 0))
  assert.equal(observed('session_ingress.oldest_pending'), 0)
  const parents = server.requests.map(({ headers }) => String(headers.traceparent).slice(0, 36).at(-2))
  assert.deepEqual(parents, ['0', '0', '1', '2'])
})
