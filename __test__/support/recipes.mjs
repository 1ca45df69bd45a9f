// The recipes of docs/shipping.md, as the page prints them.

import { readFile } from 'node:fs/promises'

/**
 * @typedef {object} Recipe
 * @property {string} name its heading
 * @property {Record<string, string>} files what is to be written before, by name
 * @property {string} commands of a shell
 */

/** @returns {Promise<Recipe[]>} */
export async function readRecipes() {
  const page = await readFile(new URL('../../docs/shipping.md', import.meta.url), 'utf8')
  const sections = page.split(/^### /m).slice(1)
  return sections.map((section) => {
    const [name] = section.split('\n', 1)
    // The next heading of a higher level is of no recipe.
    const [text] = section.split(/^## /m)
    const files = [...text.matchAll(/^`([\w.]+)`:\n\n```\w+\n([\s\S]*?)^```/gm)].map(([, file, content]) => [
      file,
      content,
    ])
    const [, commands = ''] = /^```sh\n([\s\S]*?)^```/m.exec(text) ?? []
    return { name, files: Object.fromEntries(files), commands }
  })
}
