// Runs a command in a root of its own: in namespaces of a user, so nothing of the machine changes, nothing is left when it
// ends, and root is not needed. The network is the machine's.

import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Programs for arm64 are run by qemu, those that others start too. The kernel keeps the interpreter open (F). */
const ARM64 = [
  ':session-ingress-arm64:M:',
  '\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00',
  '\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff',
].join(':')

const SCRIPT = `set -e
if [ -n "$INTERPRETER" ]; then
  # A user's namespace has a registry of its own since Linux 6.7; before, the machine's own must have one for arm64.
  { mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && printf %s "$INTERPRETER" > /proc/sys/fs/binfmt_misc/register; } 2> /dev/null ||
    [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || { echo 'arm64 programs need Linux 6.7, or qemu-user-static installed' >&2; exit 125; }
fi
echo "$MOUNTS" | while read -r from to; do [ -z "$from" ] || mount --rbind "$from" "$to"; done
mount -t proc proc "$NEW_ROOT/proc"
mount --rbind /dev "$NEW_ROOT/dev"
exec chroot "$NEW_ROOT" "$@"`

/**
 * @typedef {object} Machine
 * @property {string} root
 * @property {Record<string, string>} mounts folders of this machine by where they are in the root
 * @property {NodeJS.ProcessEnv} env
 * @property {string[]} [launcher] what a program of another system is started by
 * @property {string} [interpreter] qemu, where programs of the root are for arm64
 */

/**
 * Runs a command to its end.
 *
 * @param {Machine} machine
 * @param {string[]} command
 * @param {{ log: string, cwd?: string, env?: Record<string, string>, timeout?: number }} options what it prints is in the
 *   file `log`, and its errors beside that
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null }>}
 */
export function runIn(machine, command, { log, cwd = '/', env = {}, timeout = 600_000 }) {
  const { root, mounts, interpreter } = machine
  for (const to of ['/proc', '/dev', '/tmp', ...Object.keys(mounts)]) mkdirSync(join(root, to), { recursive: true })
  mkdirSync(dirname(log), { recursive: true })
  const variables = Object.entries({ ...machine.env, ...env }).map(([name, value]) => `${name}=${value}`)
  const inside = ['/usr/bin/env', '-i', ...variables, '/bin/sh', '-c', 'cd "$0" && exec "$@"', cwd, ...command]
  const namespaces = ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--kill-child']
  const files = [openSync(log, 'w'), openSync(`${log}.err`, 'w')]
  const child = spawn('unshare', [...namespaces, 'sh', '-c', SCRIPT, 'sh', ...inside], {
    env: {
      PATH: process.env.PATH,
      NEW_ROOT: root,
      MOUNTS: Object.entries(mounts)
        .map(([to, from]) => `${from} ${join(root, to)}`)
        .join('\n'),
      INTERPRETER: interpreter ? `${ARM64}:${interpreter}:FPOC` : '',
    },
    // A file, and no pipe: Node under wine can write to no other.
    stdio: ['ignore', ...files],
    timeout,
    killSignal: 'SIGKILL',
  })
  for (const file of files) closeSync(file)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
}
