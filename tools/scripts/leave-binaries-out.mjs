// Runs before the package is published, after those of the platforms, which have the binaries: without this,
// it would bring all of them to everyone. A package that is packed by hand keeps the one that was built.

import { readdirSync, rmSync } from 'node:fs'

const root = new URL('../../', import.meta.url)
for (const name of readdirSync(root)) if (name.endsWith('.node')) rmSync(new URL(name, root))
