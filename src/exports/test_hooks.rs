//! `panicAt`: arms panic points, for tests of panics. Only in builds with the feature `test-hooks`.

use napi_derive::napi;

use session_ingress_core::test_hooks::arm;

/// Makes the next `times` executions of `point` panic.
#[napi(skip_typescript)]
pub fn panic_at(point: String, times: u32) {
    arm(point, times);
}
