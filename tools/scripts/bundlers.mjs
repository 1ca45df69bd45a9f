// The bundlers whose recipes docs/shipping.md has, and where tools/scripts/install-bundlers.mjs puts them.

import { fileURLToPath } from 'node:url'

/** Projects that are in it find the bundlers, as if they had installed them. */
export const folder = fileURLToPath(new URL('../../target/bundlers', import.meta.url))

/** The npm packages, each at one version. Bun is one of the runtimes. @type {Record<string, string>} */
export const packages = {
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@vercel/ncc': '0.45.0',
  '@vercel/nft': '1.11.5',
  '@vercel/webpack-asset-relocator-loader': '1.11.0',
  esbuild: '0.28.2',
  'node-loader': '2.1.0',
  postject: '1.0.0-alpha.6',
  rollup: '4.68.8',
  tsup: '9.0.0',
  vite: '8.3.8',
  webpack: '5.112.2',
  'webpack-cli': '7.3.1',
}
