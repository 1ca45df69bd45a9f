//! Values of environment variables, as the old module read them.

/// Whether a value says yes: `1`, `true`, `yes` or `on`, in any case.
pub fn says_yes(value: &str) -> bool {
    ["1", "true", "yes", "on"].contains(&trim(value).to_lowercase().as_str())
}

/// `String.prototype.trim`.
pub fn trim(text: &str) -> &str {
    // JavaScript counts the byte order mark as white space, and the next-line control does not.
    text.trim_matches(|char: char| (char.is_whitespace() && char != '\u{85}') || char == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_words_say_yes() {
        for value in ["1", "true", "yes", "on", " TRUE\n", "On", "\u{feff}yes\u{a0}"] {
            assert!(says_yes(value), "{value:?}");
        }
        for value in ["", " ", "0", "false", "no", "off", "2", "y", "t", "enabled"] {
            assert!(!says_yes(value), "{value:?}");
        }
    }
}
