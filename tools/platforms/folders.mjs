// Where everything is kept between runs. Nothing is installed on the machine itself.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The clone, without a slash at its end. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '')

/** @param {...string} path */
export const kept = (...path) => join(ROOT, 'target/platforms', ...path)
