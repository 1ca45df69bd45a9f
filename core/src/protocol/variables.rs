//! Values of environment variables, read as the old module read them.

/// Whether a value is true: `1`, `true`, `yes` or `on`, in any letter case.
pub fn is_truthy(value: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&trim(value).to_lowercase().as_str())
}

/// Trims white space as `String.prototype.trim` does.
pub fn trim(text: &str) -> &str {
    // For JavaScript, the byte order mark is white space, and the next-line control (U+0085) is not.
    text.trim_matches(|char: char| (char.is_whitespace() && char != '\u{85}') || char == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_1_true_yes_and_on_are_truthy() {
        for value in ["1", "true", "yes", "on", " TRUE\n", "On", "\u{feff}yes\u{a0}"] {
            assert!(is_truthy(value), "{value:?}");
        }
        for value in ["", " ", "0", "false", "no", "off", "2", "y", "t", "enabled"] {
            assert!(!is_truthy(value), "{value:?}");
        }
    }
}
