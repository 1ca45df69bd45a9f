// A progress bar on a terminal, plain lines elsewhere.

const WIDTH = 32

/** @param {number} total @param {NodeJS.WriteStream} [stream] */
export function createProgress(total, stream = process.stdout) {
  let done = 0
  let shown = -1
  const draw = () => {
    const share = total === 0 ? 1 : done / total
    const bar = '█'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '░')
    stream.write(`\r${bar} ${done}/${total}`)
  }
  return {
    /** Counts one more. */
    advance() {
      done += 1
      if (stream.isTTY) return draw()
      const tenth = Math.floor((10 * done) / total)
      if (tenth > shown) stream.write(`appended ${done} of ${total}\n`)
      shown = tenth
    },
    /** Writes a line of its own. @param {string} line */
    note(line) {
      stream.write(stream.isTTY ? `\r\x1b[K${line}\n` : `${line}\n`)
      if (stream.isTTY) draw()
    },
    end() {
      if (stream.isTTY) stream.write('\n')
    },
  }
}
