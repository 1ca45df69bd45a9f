// The quick build of the addon, which `npm run build:quick` makes: where it is, and how a process comes to load it.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What cargo is told for it; `cargo test` is told the same, and shares what was compiled. */
export const QUICK = ['--profile', 'quick', '--features', 'test-hooks']

/** Never beside index.js: what lies there may be shipped. */
export const QUICK_BUILD = fileURLToPath(new URL('../../target/quick/session-ingress.node', import.meta.url))

/** Has this process and its children load the quick build, where there is one and no other is named already. */
export function useQuickBuild() {
  if (existsSync(QUICK_BUILD)) process.env.NAPI_RS_NATIVE_LIBRARY_PATH ??= QUICK_BUILD
}
