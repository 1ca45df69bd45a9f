//! What tests of panics arm the points with. Only in builds with the feature `test-hooks`.

use napi_derive::napi;

use crate::test_hooks::arm;

/// Has the next `times` that come to `point` panic.
#[napi(skip_typescript)]
pub fn panic_at(point: String, times: u32) {
    arm(point, times);
}
