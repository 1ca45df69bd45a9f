/** Has the next four appends each meet a fault: before and after storing, a cut connection and a status. @param {import('session-ingress/testing').Faults} faults */
export function addAppendFaults(faults) {
  const next = /** @type {const} */ ({ method: 'PUT', times: 1 })
  faults.reset(next)
  faults.reset({ ...next, stored: true })
  faults.status(503, next)
  faults.status(500, { ...next, stored: true })
}
