// The binary that the tests load: the quick build where there is one, else the one beside index.js; or what
// NAPI_RS_NATIVE_LIBRARY_PATH names.

import { useQuickBuild } from '../../tools/shared/quick-build.mjs'

useQuickBuild()
