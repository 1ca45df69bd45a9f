// What a host's tests need.

const { reset } = require('./reset.js')
const { startIngressServer } = require('./server.js')

module.exports = { reset, startIngressServer }
