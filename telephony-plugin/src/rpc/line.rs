//! Lines of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt as _};

/// The most bytes of a line. Media travels as paths of files, so messages are far shorter.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Whole(Vec<u8>),
    /// A line of more than [`MAX_LINE_BYTES`], which was thrown away.
    TooLong,
    /// There is no more.
    End,
}

/// Reads the next line. What comes after the last end of a line is none.
pub(super) async fn read(input: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let available = input.fill_buf().await?;
        if available.is_empty() {
            return Ok(Line::End);
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
        too_long |= line.len() + part.len() > MAX_LINE_BYTES;
        if !too_long {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(if too_long { Line::TooLong } else { Line::Whole(line) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_cut_out_and_long_ones_thrown_away() {
        let long = vec![b'x'; MAX_LINE_BYTES + 1];
        let fits = vec![b'y'; MAX_LINE_BYTES];
        let input = [b"one\n\n".as_slice(), &long, b"\n", &fits, b"\nunfinished"].concat();
        let mut input = tokio::io::BufReader::with_capacity(7, input.as_slice());
        assert_eq!(read(&mut input).await.unwrap(), Line::Whole(b"one".to_vec()));
        assert_eq!(read(&mut input).await.unwrap(), Line::Whole(Vec::new()));
        assert_eq!(read(&mut input).await.unwrap(), Line::TooLong);
        assert_eq!(read(&mut input).await.unwrap(), Line::Whole(fits));
        assert_eq!(read(&mut input).await.unwrap(), Line::End);
    }
}
