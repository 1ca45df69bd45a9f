//! The blocks of PEM text, in any layout that OpenSSL takes.
//!
//! rustls reads a block, and is strict about what stands around it.

use rustls::pki_types::pem::PemObject;

/// The text between two lines that name its kind.
pub(super) struct Block {
    /// `CERTIFICATE`
    pub(super) label: String,
    /// Empty where the block has no end: it holds nothing then.
    pub(super) body: String,
}

impl Block {
    /// Reads the block as one of another label, or its own. `None` where it is broken, or empty.
    pub(super) fn read_as<T: PemObject>(&self, label: &str) -> Option<T> {
        if self.body.is_empty() {
            return None;
        }
        let text = format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", self.body);
        T::from_pem_slice(text.as_bytes()).ok()
    }
}

/// The blocks of `pem`. What stands between them does not matter, nor do byte order marks, which editors leave and
/// which stand between the blocks where files were joined, nor white space around lines.
pub(super) fn blocks(pem: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(pem);
    let around =
        |char: char| char == '\u{feff}' || char == '\0' || char.is_ascii_whitespace() || char == '\x0b';
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for line in text.split(['\n', '\r']).map(|line| line.trim_matches(around)) {
        if let Some(label) = marked(line, "-----BEGIN ") {
            // One that another follows has no end.
            blocks.extend(
                open.replace(Block { label: label.to_owned(), body: String::new() }).map(without_end),
            );
        } else if let Some(block) = &mut open {
            if marked(line, "-----END ") == Some(&block.label) {
                blocks.extend(open.take());
            } else if !line.is_empty() {
                block.body.push_str(line);
                block.body.push('\n');
            }
        }
    }
    blocks.extend(open.map(without_end));
    blocks
}

fn marked<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    line.strip_prefix(mark)?.strip_suffix("-----")
}

fn without_end(block: Block) -> Block {
    Block { body: String::new(), ..block }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pem: &str) -> Vec<(String, String)> {
        blocks(pem.as_bytes()).into_iter().map(|Block { label, body }| (label, body)).collect()
    }

    fn block(label: &str, body: &str) -> (String, String) {
        (label.to_owned(), body.to_owned())
    }

    #[test]
    fn what_stands_around_blocks_and_lines_does_not_matter() {
        let pem = "\u{feff}Bag\r\n\u{feff}-----BEGIN A-----\r\n  ab \t\r\n\x0bcd\x0c\r\n\r\n-----END A-----  \r\nmore\n\
                   \u{feff} -----BEGIN B C-----\nef\n-----END B C-----";
        assert_eq!(read(pem), [block("A", "ab\ncd\n"), block("B C", "ef\n")]);
    }

    #[test]
    fn a_block_without_an_end_is_empty_and_takes_none_with_it() {
        let pem = "-----BEGIN A-----\nab\n-----BEGIN A-----\ncd\n-----END A-----\n-----BEGIN B-----\nef\n-----END A-----";
        assert_eq!(read(pem), [block("A", ""), block("A", "cd\n"), block("B", "")]);
    }

    #[test]
    fn text_without_blocks_has_none() {
        for pem in ["", "text", "-----END A-----", "-----BEGIN", "---BEGIN A---", "\u{feff}"] {
            assert_eq!(read(pem), [], "{pem}");
        }
    }
}
